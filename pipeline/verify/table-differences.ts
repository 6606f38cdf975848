import type { TableName } from '../../schemas/tables.ts'

/** Where a table is not what the log says. */
export interface Difference {
  readonly table: TableName
  readonly tenant: string
  /** LOG sequences in which the row lies. */
  readonly from: number
  readonly to: number
  /** Of a row that stands: its key as one text. */
  readonly key?: string
  /** What is wrong where no comparison of rows shows it. */
  readonly note?: string
}

/** A difference as people read it. */
export interface Named {
  readonly table: TableName
  readonly kind: 'missing' | 'unexpected' | 'different' | 'doubled'
  readonly seq: number
  /** The columns that tell the row from others. */
  readonly key: Readonly<Record<string, string>>
  readonly column?: string
  readonly expected?: string
  readonly found?: string
}
