import type { PublicRecord } from '../../../schemas/record.ts'
import type { Address } from '../../../schemas/subjects.ts'

/** One record, with the values that its rows are made from. */
export interface Source {
  readonly address: Address
  readonly record: PublicRecord
  /** LOG sequence of the record. */
  readonly seq: number
  /** `record.at`. */
  readonly at: string
  readonly identity: Identity
}

/** Columns that most tables share. */
interface Identity {
  readonly tenant: string
  readonly kind: string
  readonly actor: string
  readonly case_no: number
  readonly machine: string
}

/** Formats millionths of the currency as a decimal number, exact at any size. `null` if the amount is unknown. */
export const money = (micros: number | undefined): string | null =>
  micros === undefined ? null : `${Math.trunc(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`

/** Resolves a LOG sequence from a record, where 0 means the record itself (`ownSeq`). `null` if the record names none. */
export const resolveSeq = (seq: number | undefined, ownSeq: number): number | null => (seq === 0 ? ownSeq : (seq ?? null))
