import type { LogRecord } from '../../../schemas/record.ts'
import type { Address } from '../../../schemas/subjects.ts'

/** One record on its way into rows, with what most of its rows share. */
export interface Source {
  readonly address: Address
  readonly record: LogRecord
  /** LOG sequence of the record. */
  readonly seq: number
  /** `record.at`. */
  readonly at: string
  readonly standing: Standing
}

interface Standing {
  readonly tenant: string
  readonly kind: string
  readonly actor: string
  readonly case_no: number
  readonly machine: string
}

/** A decimal number as text, exact at any size. */
export const money = (micros: number | undefined): string | null =>
  micros === undefined ? null : `${Math.trunc(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`

/** A sequence where 0 stands for the record itself. */
export const placeOf = (seq: number | undefined, here: number): number | null => (seq === 0 ? here : seq ?? null)
