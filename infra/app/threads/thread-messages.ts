import type { MetricsSnapshot } from '../../../pipeline/runtime/metrics.ts'
import type { StageStatus } from '../../../pipeline/runtime/stage.ts'
import type { Role, Settings } from '../../settings.ts'

/** The data that a thread starts with. */
export interface ThreadData {
  readonly role: Role
  /** Settings that name all servers by URL and only this role. */
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
}

/** Messages to a thread. `run`: start the stage; sent when the thread is ready. `metrics`: asks for its metrics. `stop`: stop the stage. */
export type ToThread = { readonly type: 'run' } | { readonly type: 'metrics'; readonly id: number } | { readonly type: 'stop' }

/**
 * Messages from a thread. `ready`: its modules are loaded and its connections open. `running`: the stage has started. `failed`: the thread
 * could not start, or stop, and ends.
 */
export type FromThread =
  | { readonly type: 'ready' }
  | { readonly type: 'running' }
  | { readonly type: 'failed'; readonly code: string | undefined; readonly message: string }
  | { readonly type: 'status'; readonly status: StageStatus }
  | { readonly type: 'metrics'; readonly id: number; readonly metrics: MetricsSnapshot }
  /** A line of the thread's log, as JSON. */
  | { readonly type: 'log'; readonly line: string }
