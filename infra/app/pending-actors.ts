import { hasPending } from '../../actors/core/next-deadline.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { lastRecord, recordsOf } from '../../pipeline/jetstream/last-record.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'

/** Actors of a kind that wait for a task or a timer. */
export interface Pending {
  readonly count: number
  /** Some of them. */
  readonly actors: readonly Address[]
}

/** Actors with an alarm that are looked at; the others count as waiting. */
const LOOKED_AT_MAX = 1_000

/** Whoever waits for a task or a timer has an alarm; the alarm may be for what is waited for no longer. */
export async function pendingActors({ jsm }: JetStreamContext, kind: string, actorsMax = 3): Promise<Pending> {
  const { state } = await jsm.streams.info('TIMERS', { subjects_filter: `timer.*.${kind}.>` })
  const alarmed = new Map<string, Address>()
  for (const subject of Object.keys(state.subjects ?? {})) {
    const [, tenant = '', , id = ''] = subject.split('.')
    const address = { tenant, kind, id }
    alarmed.set(actorKey(address), address)
  }
  const waits = async (address: Address): Promise<boolean> => {
    const last = await lastRecord({ jsm }, recordsOf(address))
    return last !== undefined && hasPending(last.record.state)
  }
  const actors: Address[] = []
  let count = Math.max(0, alarmed.size - LOOKED_AT_MAX)
  for (const address of [...alarmed.values()].slice(0, LOOKED_AT_MAX)) {
    if (!await waits(address)) continue
    count += 1
    if (actors.length < actorsMax) actors.push(address)
  }
  return { count, actors }
}

/** For an error's text; empty where none waits. */
export const pendingText = ({ count, actors }: Pending): string => (count === 0 ? ''
  : `, and ${count} of its actors wait${count === 1 ? 's' : ''} for tasks or timers, such as ${actors.map(actorKey).join(', ')}`)
