import type { Logger } from 'pino'
import type { Metrics, MetricsSnapshot } from '../../../pipeline/runtime/metrics.ts'
import type { Role, Settings } from '../../settings.ts'
import { type Servers, threadSettings } from '../thread-settings.ts'
import { KIND_ROLES } from './kind-roles.ts'
import { type StageThread, startThread, type ThreadOptions } from './stage-thread.ts'

/**
 * Roles that run in threads of their own, in the order in which they start: readers of the log before its writer. The other roles stay in
 * the main thread, because they share the embedding model.
 */
const THREAD_ROLES = ['project', 'dispatch', 'tasks', 'host'] as const satisfies readonly Role[]

/**
 * The roles of this process to run in threads. The code of kinds never runs in the main thread, which watches it; of other roles at least
 * one stays in the main thread.
 */
export function rolesInThreads({ ROLES, THREADS }: Settings): readonly Role[] {
  if (THREADS === 'off') return []
  const roles = THREAD_ROLES.filter((role) => ROLES.includes(role))
  if (roles.length < ROLES.length) return roles
  const [first] = roles.filter((role) => !KIND_ROLES.includes(role))
  return roles.filter((role) => role !== first)
}

/** The threads of a process, by role. */
export interface Threads {
  readonly stages: ReadonlyMap<Role, StageThread>
  /** The metrics of all threads. */
  metrics(): Promise<MetricsSnapshot[]>
}

export interface ThreadsOptions {
  readonly roles: readonly Role[]
  readonly settings: Settings
  readonly servers: Servers
  readonly replicas: number
  readonly log: Logger
  /** Metrics of the main thread. */
  readonly metrics: Metrics
  /** The slot file of the host; absent without this role. */
  readonly slotPath: string | undefined
  readonly countEnd: ThreadOptions['countEnd']
}

/**
 * Starts a thread for each role concurrently, then starts their stages one after another. They stop in reverse order.
 *
 * @throws ColloquyError of the thread that could not start; the others are stopped by then.
 */
export async function startThreads(
  { roles, settings, servers, replicas, slotPath, ...deps }: ThreadsOptions,
  started: AsyncDisposableStack,
): Promise<Threads> {
  const stages = new Map<Role, StageThread>()
  const settingsOfThreads = threadSettings(settings, servers)
  const starting = roles.map((role) => {
    const data = { role, settings: { ...settingsOfThreads, ROLES: [role] }, replicas }
    return startThread({ ...deps, data: role === 'host' && slotPath !== undefined ? { ...data, slotPath } : data })
  })
  for (const one of starting) one.catch(() => undefined)
  try {
    for (const [index, role] of roles.entries()) {
      const thread = await starting[index]
      if (thread === undefined) continue
      started.defer(() => thread.stop())
      await thread.run()
      stages.set(role, thread)
    }
  } catch (error) {
    // Threads whose stage has not started are not on the stack yet.
    for (const one of await Promise.allSettled(starting)) if (one.status === 'fulfilled') await one.value.stop()
    throw error
  }
  return { stages, metrics: () => Promise.all([...stages.values()].map((stage) => stage.metrics())) }
}
