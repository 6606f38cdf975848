import type { Logger } from 'pino'
import type { MetricsSnapshot } from '../../../pipeline/runtime/metrics.ts'
import type { Role, Settings } from '../../settings.ts'
import { threadSettings, type Servers } from '../thread-settings.ts'
import { startThread, type StageThread } from './stage-thread.ts'

/**
 * Roles that get a thread of their own, in the order in which they begin: those that read the log before the one that writes it. The
 * others stay together, since they share the embedding model.
 */
const APART = ['project', 'dispatch', 'host'] as const satisfies readonly Role[]

/** The roles to run in threads; something is left for the main thread. */
export function rolesApart({ ROLES, THREADS }: Settings): readonly Role[] {
  if (THREADS === 'off') return []
  const apart = APART.filter((role) => ROLES.includes(role))
  return apart.length < ROLES.length ? apart : apart.slice(1)
}

export interface Threads {
  readonly stages: ReadonlyMap<Role, StageThread>
  /** What all of them have measured. */
  metrics(): Promise<MetricsSnapshot[]>
}

export interface ThreadsOptions {
  readonly roles: readonly Role[]
  readonly settings: Settings
  readonly servers: Servers
  readonly replicas: number
  readonly log: Logger
}

/** Starts the roles' threads side by side, and lets them begin one after another; they stop the other way round. */
export async function startThreads({ roles, settings, servers, replicas, log }: ThreadsOptions, started: AsyncDisposableStack): Promise<Threads> {
  const stages = new Map<Role, StageThread>()
  const byUrl = threadSettings(settings, servers)
  const starting = roles.map((role) => startThread({ role, settings: { ...byUrl, ROLES: [role] }, replicas }, log))
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
    // Those that have not begun are not on the stack yet.
    for (const one of await Promise.allSettled(starting)) if (one.status === 'fulfilled') await one.value.stop()
    throw error
  }
  return { stages, metrics: () => Promise.all([...stages.values()].map((stage) => stage.metrics())) }
}
