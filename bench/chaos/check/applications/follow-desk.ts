import { z } from 'zod'
import { type Desk, storedDesk, unpacked } from '../../../../actors/kinds/desk/desk-state.ts'
import { caseOverdue, deskAssigned, deskReleased, type SlaClock } from '../../../../schemas/desk-events.ts'
import { parseActorSource } from '../../../../schemas/subjects.ts'
import type { LoggedRecord } from '../chaos-history.ts'
import { type CreateFollower, emittedOf, entryOf, GRACE_MS, idIn, kindIn } from './follower.ts'

/** The kind of the cases of a run that ask a desk. */
export const HELPED_KIND = 'helped'
/** A case asks again each minute until the desk has it. */
const ASKS_MS = 60_000

const helpedSchema = z.object({ desk: z.object({ agent: z.string().nullable() }).nullable() })

interface Held {
  owner: string | undefined
  /** Promises that were said to be missed, with when the last one was due. */
  readonly overdue: Map<SlaClock, string>
}
/** A case as its own record last says. */
interface Helped {
  readonly to: string
  readonly agent: string | null
  readonly atMs: number
}

/** Promises that are made once a case. */
const onceOf = (clocks: Iterable<SlaClock>): Set<SlaClock> => new Set([...clocks].filter((clock) => clock !== 'next_reply'))

/**
 * Each escalation has exactly one owner, or one overdue event once its time is over: nobody gets a case that somebody has, a promise is
 * missed once (that of the next reply once a message), and in the end the desk and the case agree on who has it.
 */
export const followDesk: CreateFollower = (report) => {
  const held = new Map<string, Held>()
  const helped = new Map<string, Helped>()
  let desk: Desk | undefined
  const heldOf = (ref: string): Held => entryOf(held, ref, () => ({ owner: undefined, overdue: new Map<SlaClock, string>() }))

  const takeDesk = ({ seq, actor, record }: LoggedRecord): void => {
    const released = emittedOf(record, 'case.released').map((data) => deskReleased.parse(data))
    const assigned = emittedOf(record, 'case.assigned').map((data) => deskAssigned.parse(data))
    for (const { case: ref, agent, why, to } of released) {
      const one = heldOf(ref)
      if (one.owner !== agent) report('owner', `LOG ${seq}: ${actor} releases ${ref} from ${agent}; ${one.owner ?? 'nobody'} has it`)
      one.owner = undefined
      if (why === 'returned' || why === 'resolved' || to !== undefined) held.delete(ref)
    }
    for (const { case: ref, agent } of assigned) {
      const one = heldOf(ref)
      if (one.owner !== undefined) report('owner', `LOG ${seq}: ${actor} gives ${ref} to ${agent}; ${one.owner} has it`)
      one.owner = agent
    }
    for (const { case: ref, clock, dueAt } of emittedOf(record, 'case.overdue').map((data) => caseOverdue.parse(data))) {
      const { overdue } = heldOf(ref)
      // The next reply is promised for each message.
      const isAnother = clock === 'next_reply' && overdue.get(clock) !== dueAt
      if (overdue.has(clock) && !isAnother) report('owner', `LOG ${seq}: ${actor} says twice that ${clock} of ${ref} was missed`)
      overdue.set(clock, dueAt)
    }
    const from = record.input.type === 'case.ended' ? parseActorSource(record.input.source) : undefined
    if (from !== undefined) held.delete(`${from.kind}/${from.id}`)
    if (record.state !== null) desk = unpacked(storedDesk.parse(record.state.context))
  }

  return {
    kinds: ['desk', HELPED_KIND],
    take(entry) {
      if (kindIn(entry.actor) === 'desk') return takeDesk(entry)
      const { to, at, state } = entry.record
      const agent = helpedSchema.safeParse(state?.context).data?.desk?.agent ?? null
      helped.set(`${HELPED_KIND}/${idIn(entry.actor)}`, { to, agent, atMs: Date.parse(at) })
    },
    finish(readAtMs) {
      const atDesk = new Map((desk?.cases ?? []).map((one) => [`${one.kind}/${one.id}`, one]))
      for (const [ref, { to, agent, atMs }] of helped) {
        const one = atDesk.get(ref)
        const isAsking = to === 'escalated.asking' && readAtMs - atMs < ASKS_MS + GRACE_MS
        if (!to.startsWith('escalated')) {
          if (one !== undefined) report('owner', `${ref} is in "${to}", and the desk still has it`)
        } else if (one === undefined) {
          if (!isAsking) report('owner', `${ref} is in "${to}", and no desk has it`)
        } else {
          const owner = one.held === 'assigned' ? one.agent : null
          if (owner !== agent) report('owner', `${ref} is with ${agent ?? 'nobody'}; the desk says ${owner ?? 'nobody'}`)
          if (one.dueAt !== null && one.dueAt + GRACE_MS < readAtMs) {
            report('owner', `${ref} was promised something by ${new Date(one.dueAt).toISOString()}, and nobody was told`)
          }
          if (onceOf(one.missed).symmetricDifference(onceOf(held.get(ref)?.overdue.keys() ?? [])).size > 0) {
            report('owner', `${ref} missed ${[...one.missed].join(', ') || 'nothing'}; it was told otherwise`)
          }
        }
      }
    },
  }
}
