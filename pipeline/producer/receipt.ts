import type { Handled } from './find-decision.ts'

/** How durable an acknowledged input is. */
export interface Durability {
  /** Number of servers that store it. */
  readonly replicas: number
  /** Interval between fsyncs of INBOX, such as `2m`; `always` means before each acknowledgement; `null` if unknown. */
  readonly fsync: string | null
}

/** The result of `publish`. */
export interface Receipt extends Partial<Handled> {
  /** INBOX sequence of this input, or of the one that it duplicates. */
  readonly position: number
  /** Id of the input. */
  readonly id: string
  /** Whether INBOX already had it, within its deduplication window. */
  readonly duplicate: boolean
  /** How durable it is; `null` if no process reports it. */
  readonly durability: Durability | null
}
