import type { Handled } from './wait-for.ts'

/** What an acknowledged input survives. */
export interface Durability {
  /** Servers that hold it. */
  readonly replicas: number
  /** The longest wait for the disk, such as `2m`; `always`: no wait; `null`: unknown. */
  readonly fsync: string | null
}

/** What is certain once `publish` has settled. */
export interface Receipt extends Partial<Handled> {
  /** INBOX sequence: of this input, or of the one that it repeats. */
  readonly position: number
  /** The input's own. */
  readonly id: string
  /** INBOX had it already, as far as it remembers. */
  readonly duplicate: boolean
  /** What the acknowledgement is worth; fsync is `null` where nobody says. */
  readonly durability: Durability
}
