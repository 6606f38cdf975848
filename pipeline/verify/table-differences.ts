import type { TableName } from '../../schemas/tables.ts'

/** A difference between a table and LOG, as the comparison finds it. */
export interface Difference {
  readonly table: TableName
  /** Empty if unknown. */
  readonly tenant: string
  /** Range of LOG sequences that contains the row, both inclusive. */
  readonly from: number
  readonly to: number
  /** Key of the row as one text; only in tables whose rows have versions. */
  readonly key?: string
  /** The problem, if a comparison of columns cannot show it. */
  readonly note?: string
}

/** A difference located to one row and column, for people. */
export interface Named {
  readonly table: TableName
  readonly kind: 'missing' | 'unexpected' | 'different' | 'doubled'
  readonly seq: number
  /** Values of the key columns of the row. */
  readonly key: Readonly<Record<string, string>>
  readonly column?: string
  readonly expected?: string
  readonly found?: string
}
