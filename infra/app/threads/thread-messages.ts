import type { MetricsSnapshot } from '../../../pipeline/runtime/metrics.ts'
import type { StageStatus } from '../../../pipeline/runtime/stage.ts'
import type { Role, Settings } from '../../settings.ts'
import type { MemberIdentity } from '../role-work.ts'

/** The data that a thread starts with. */
export interface ThreadData {
  /** The role that names the thread. */
  readonly role: Role
  /** Settings that name all servers by URL, and only the roles of this thread. */
  readonly settings: Settings
  /** Replicas of each stream. */
  readonly replicas: number
  /** The slot file of the host; absent for other roles. */
  readonly slotPath?: string
}

/** What a thread gets at each start. */
export interface WorkerData extends ThreadData {
  /** The memory of its slot, which the main thread watches. */
  readonly memory: SharedArrayBuffer
  /** Who it is in the cluster, and whom it replaces. */
  readonly member: MemberIdentity
}

/** Messages to a thread. `run`: starts the stages of a thread that is ready. `metrics`: asks for its metrics. `stop`: stops the stages. */
export type ToThread = { readonly type: 'run' } | { readonly type: 'metrics'; readonly id: number } | { readonly type: 'stop' }

/**
 * Messages from a thread. `ready`: its modules are loaded and its connections open. `running`: the stages have started. `failed`: the
 * thread could not start, or stop, and ends.
 */
export type FromThread =
  | { readonly type: 'ready' }
  | { readonly type: 'running' }
  | { readonly type: 'failed'; readonly code: string | undefined; readonly message: string }
  | { readonly type: 'status'; readonly role: Role; readonly status: StageStatus }
  | { readonly type: 'metrics'; readonly id: number; readonly metrics: MetricsSnapshot }
  /** A line of the thread's log, as JSON. */
  | { readonly type: 'log'; readonly line: string }
