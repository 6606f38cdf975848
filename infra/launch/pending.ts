import type { Bus } from '../../pipeline/bus.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'

/** Actors of a kind that wait for a task or a timer. */
export interface Pending {
  readonly count: number
  /** Some of them. */
  readonly actors: readonly Address[]
}

/** Every task that is pending has its deadline among the timers, so that they name them all. */
export async function pendingActors({ jsm }: Bus, kind: string, actorsMax = 3): Promise<Pending> {
  const { state } = await jsm.streams.info('TIMERS', { subjects_filter: `timer.*.${kind}.*.*` })
  const actors = new Map<string, Address>()
  for (const subject of Object.keys(state.subjects ?? {})) {
    const [, tenant = '', , id = ''] = subject.split('.')
    const address = { tenant, kind, id }
    actors.set(actorKey(address), address)
  }
  return { count: actors.size, actors: [...actors.values()].slice(0, actorsMax) }
}

/** For an error's text; empty where none waits. */
export const pendingText = ({ count, actors }: Pending): string => (count === 0 ? ''
  : `, and ${count} of its actors wait${count === 1 ? 's' : ''} for tasks or timers, such as ${actors.map(actorKey).join(', ')}`)
