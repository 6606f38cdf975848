import type { Logger } from 'pino'
import type { Metrics, MetricsSnapshot } from '../../../pipeline/runtime/metrics.ts'
import type { Stage } from '../../../pipeline/runtime/stage.ts'
import type { Role, Settings } from '../../settings.ts'
import { type Servers, threadSettings } from '../thread-settings.ts'
import { KIND_ROLES } from './kind-roles.ts'
import { type StageThread, startThread, type ThreadOptions } from './stage-thread.ts'

/** The roles of one thread. The first one names it. */
export type ThreadRoles = readonly [Role, ...Role[]]

/**
 * Roles that run outside the main thread, by thread, in the order in which the threads start. The host shares its thread with the
 * dispatcher, to which it hands its records. The other roles stay in the main thread, because they share the embedding model.
 */
const THREADS_OF_ROLES = [['project'], ['tasks'], ['host', 'dispatch']] as const satisfies readonly ThreadRoles[]

/**
 * The threads of this process. The code of kinds never runs in the main thread, which watches it; of other roles at least one stays in the
 * main thread.
 */
export function threadsOf({ ROLES, THREADS }: Pick<Settings, 'ROLES' | 'THREADS'>): readonly ThreadRoles[] {
  if (THREADS === 'off') return []
  const threads = THREADS_OF_ROLES.flatMap((roles: ThreadRoles): ThreadRoles[] => {
    const [first, ...others] = roles.filter((role) => ROLES.includes(role))
    return first === undefined ? [] : [[first, ...others]]
  })
  if (threads.flat().length < ROLES.length) return threads
  const idle = threads.find((roles) => !roles.some((role) => KIND_ROLES.includes(role)))
  return threads.filter((roles) => roles !== idle)
}

/** The threads of a process, by role. */
export interface Threads {
  readonly stages: ReadonlyMap<Role, Stage>
  readonly threads: readonly StageThread[]
  /** The metrics of all threads. */
  metrics(): Promise<MetricsSnapshot[]>
}

export interface ThreadsOptions {
  readonly threads: readonly ThreadRoles[]
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
 * Starts the threads concurrently, then their stages one after another. They stop in reverse order.
 *
 * @throws ColloquyError of the thread that could not start; the others are stopped by then.
 */
export async function startThreads(
  { threads: wanted, settings, servers, replicas, slotPath, ...deps }: ThreadsOptions,
  started: AsyncDisposableStack,
): Promise<Threads> {
  const threads: StageThread[] = []
  const settingsOfThreads = threadSettings(settings, servers)
  const starting = wanted.map((roles) => {
    const data = { role: roles[0], settings: { ...settingsOfThreads, ROLES: roles }, replicas }
    return startThread({ ...deps, data: data.role === 'host' && slotPath !== undefined ? { ...data, slotPath } : data })
  })
  for (const one of starting) one.catch(() => undefined)
  try {
    for (const one of starting) {
      const thread = await one
      started.defer(() => thread.stop())
      await thread.run()
      threads.push(thread)
    }
  } catch (error) {
    // Threads whose stage has not started are not on the stack yet.
    for (const one of await Promise.allSettled(starting)) if (one.status === 'fulfilled') await one.value.stop()
    throw error
  }
  return {
    threads,
    stages: new Map(threads.flatMap(({ stages }) => [...stages])),
    metrics: () => Promise.all(threads.map((thread) => thread.metrics())),
  }
}
