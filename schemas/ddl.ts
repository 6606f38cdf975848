import type { Column, Table } from './table-columns.ts'
import { CREATE_COMPLETE_TO, GENERATION, GENERATIONS, MIGRATIONS, PRESENT_GENERATIONS, REPAIRS } from './table-generations.ts'
import { PROGRESS, TABLES } from './tables.ts'
import { type View, VIEWS } from './views.ts'

/** A text as a string literal of SQL. */
export const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** A column as in CREATE TABLE, with its comment and codec. */
export const columnDefinition = (name: string, { type, comment, codec }: Column): string =>
  `${name} ${type} COMMENT ${quoted(comment)}${codec === undefined ? '' : ` CODEC(${codec})`}`

/** The name of the table behind a view. */
export const rowsTable = (name: string): string => `${name}_rows`

/** A table of rows; each generation has its own partitions. */
export const createRowsTable = (name: string, table: Table): string =>
  createTable(name, { ...table, columns: { ...table.columns, generation: GENERATION } }, `(generation, toYYYYMM(${table.partitionBy}))`)

function createTable(name: string, table: Table, partitions?: string): string {
  const columns = Object.entries(table.columns).map(([column, definition]) => columnDefinition(column, definition))
  const indexes = (table.indexes ?? []).map(({ of, type, granularity }) => `INDEX ${of}_skip ${of} TYPE ${type} GRANULARITY ${granularity}`)
  const partition = partitions === undefined ? '' : `\nPARTITION BY ${partitions}`
  const pairs = Object.entries(table.settings ?? {}).map(([setting, value]) => `${setting} = ${value}`)
  const settings = pairs.length === 0 ? '' : `\nSETTINGS ${pairs.join(', ')}`
  return (
    `CREATE TABLE IF NOT EXISTS ${name} (\n  ${[...columns, ...indexes].join(',\n  ')}\n)\n`
    + `ENGINE = ReplacingMergeTree(${table.version ?? ''})${partition}\n`
    + `ORDER BY (${table.orderBy.join(', ')})${settings}\nCOMMENT ${quoted(table.comment)}`
  )
}

/** Columns of a view have comments, but no codecs. */
function createView(name: string, { comment, columns, select }: View): string {
  const lines = Object.entries(columns).map(([column, { type, comment: about }]) => columnDefinition(column, { type, comment: about }))
  return `CREATE OR REPLACE VIEW ${name} (\n  ${lines.join(',\n  ')}\n) AS (\n  ${select}\n)\nCOMMENT ${quoted(comment)}`
}

/**
 * The setting tells ClickHouse that all versions of a row are in one partition. FINAL then merges within partitions only, and ClickHouse
 * skips the partitions of other generations.
 */
const currentRows = (name: string, { comment, columns }: Table): View => ({
  comment,
  columns,
  select:
    `SELECT ${Object.keys(columns).join(', ')} FROM ${rowsTable(name)} FINAL\n`
    + `  WHERE generation = ${PRESENT_GENERATIONS}['${name}']\n`
    + '  SETTINGS do_not_merge_across_partitions_select_final = 1',
})

function freshness(): View {
  const { reader: _reader, positions: _positions, version: _version, ...columns } = PROGRESS.columns
  return {
    comment: 'How complete the tables are',
    columns,
    select: `SELECT ${Object.keys(columns).join(', ')} FROM progress FINAL WHERE reader = 'projector'`,
  }
}

/** The table of progress marks, under its own name or another. */
export const createProgressTable = (name: string): string => createTable(name, PROGRESS)

/** The statements that create the tables about tables, by name. Each may run again. */
export const ADMIN_STATEMENTS = {
  migrations: createTable('migrations', MIGRATIONS),
  progress: createProgressTable('progress'),
  generations: createTable('generations', GENERATIONS),
  repairs: createTable('repairs', REPAIRS),
} as const

/** The statements that create the tables and views. Each may run again. */
export function createStatements(): string[] {
  return [
    ...Object.values(ADMIN_STATEMENTS),
    createView('freshness', freshness()),
    CREATE_COMPLETE_TO,
    ...Object.entries(TABLES).flatMap(([name, table]) => [
      createRowsTable(rowsTable(name), table),
      createView(name, currentRows(name, table)),
    ]),
    ...Object.entries(VIEWS).map(([name, view]) => createView(name, view)),
  ]
}
