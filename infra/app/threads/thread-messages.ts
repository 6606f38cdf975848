import type { MetricsSnapshot } from '../../../pipeline/runtime/metrics.ts'
import type { StageStatus } from '../../../pipeline/runtime/stage.ts'
import type { Role, Settings } from '../../settings.ts'

/** What a thread is given when it starts. */
export interface ThreadData {
  readonly role: Role
  /** With the servers that run by URL, and this role alone. */
  readonly settings: Settings
  /** Copies of each message that streams keep. */
  readonly replicas: number
}

/** `run`: once it is ready. `metrics`: asks for what it has measured. */
export type ToThread =
  | { readonly type: 'run' }
  | { readonly type: 'metrics'; readonly id: number }
  | { readonly type: 'stop' }

/** `ready`: everything is imported and connected. `running`: the stage has begun. */
export type FromThread =
  | { readonly type: 'ready' }
  | { readonly type: 'running' }
  | { readonly type: 'failed'; readonly code: string | undefined; readonly message: string }
  | { readonly type: 'status'; readonly status: StageStatus }
  | { readonly type: 'metrics'; readonly id: number; readonly metrics: MetricsSnapshot }
  /** A line of its log, as JSON. */
  | { readonly type: 'log'; readonly line: string }
