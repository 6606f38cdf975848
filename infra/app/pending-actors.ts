import { hasPending } from '../../actors/core/next-deadline.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { lastRecord, recordsOf } from '../../pipeline/jetstream/last-record.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'

/** Actors of a kind with pending tasks or timers. */
export interface Pending {
  readonly count: number
  /** The first of them, up to the limit that the caller gave. */
  readonly actors: readonly Address[]
}

/** Actors with a wake-up whose state is checked. Further ones count as pending. */
const CHECKED_MAX = 1_000

/**
 * Finds actors with pending tasks or timers, by their wake-ups. A wake-up may be obsolete, so the state of each actor is checked.
 *
 * @param actorsMax max actors in the result. Default: 3.
 */
export async function pendingActors({ jsm }: JetStreamContext, kind: string, actorsMax = 3): Promise<Pending> {
  const { state } = await jsm.streams.info('TIMERS', { subjects_filter: `timer.*.${kind}.>` })
  const withWakeUp = new Map<string, Address>()
  for (const subject of Object.keys(state.subjects ?? {})) {
    const [, tenant = '', , id = ''] = subject.split('.')
    const address = { tenant, kind, id }
    withWakeUp.set(actorKey(address), address)
  }
  const isPending = async (address: Address): Promise<boolean> => {
    const last = await lastRecord({ jsm }, recordsOf(address))
    return last !== undefined && hasPending(last.record.state)
  }
  const actors: Address[] = []
  let count = Math.max(0, withWakeUp.size - CHECKED_MAX)
  for (const address of [...withWakeUp.values()].slice(0, CHECKED_MAX)) {
    if (!(await isPending(address))) continue
    count += 1
    if (actors.length < actorsMax) actors.push(address)
  }
  return { count, actors }
}

/** A clause for an error message; empty if no actor is pending. */
export const pendingText = ({ count, actors }: Pending): string =>
  count === 0
    ? ''
    : `, and ${count} of its actors wait${count === 1 ? 's' : ''} for tasks or timers, such as ${actors.map(actorKey).join(', ')}`
