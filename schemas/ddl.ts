import { CREATE_COMPLETE_TO, GENERATION, GENERATIONS, MIGRATIONS, PRESENT_GENERATIONS } from './table-generations.ts'
import { PROGRESS, TABLES, type Column, type Table } from './tables.ts'
import { VIEWS, type View } from './views.ts'

export const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

export const columnDefinition = (name: string, { type, comment, codec }: Column): string =>
  `${name} ${type} COMMENT ${quoted(comment)}${codec === undefined ? '' : ` CODEC(${codec})`}`

export const rowsTable = (name: string): string => `${name}_rows`

/** A table of rows: each generation of it lies in partitions of its own. */
export const createRowsTable = (name: string, table: Table): string => createTable(
  name, { ...table, columns: { ...table.columns, generation: GENERATION } }, `(generation, toYYYYMM(${table.partitionBy}))`)

function createTable(name: string, table: Table, partitions?: string): string {
  const columns = Object.entries(table.columns).map(([column, definition]) => columnDefinition(column, definition))
  const indexes = (table.indexes ?? []).map(({ of, type, granularity }) => `INDEX ${of}_skip ${of} TYPE ${type} GRANULARITY ${granularity}`)
  const partition = partitions === undefined ? '' : `\nPARTITION BY ${partitions}`
  const pairs = Object.entries(table.settings ?? {}).map(([setting, value]) => `${setting} = ${value}`)
  const settings = pairs.length === 0 ? '' : `\nSETTINGS ${pairs.join(', ')}`
  return `CREATE TABLE IF NOT EXISTS ${name} (\n  ${[...columns, ...indexes].join(',\n  ')}\n)\nENGINE = ReplacingMergeTree(${table.version ?? ''})${partition}\nORDER BY (${table.orderBy.join(', ')})${settings}\nCOMMENT ${quoted(table.comment)}`
}

/** A view's columns carry comments too, but say nothing of storage. */
function createView(name: string, { comment, columns, select }: View): string {
  const lines = Object.entries(columns).map(([column, { type, comment: about }]) => columnDefinition(column, { type, comment: about }))
  return `CREATE OR REPLACE VIEW ${name} (\n  ${lines.join(',\n  ')}\n) AS (\n  ${select}\n)\nCOMMENT ${quoted(comment)}`
}

/**
 * Rows with one key lie in one partition, so that a reader needs to merge within partitions only, and may leave those of other
 * generations unread: both hold by the setting.
 */
const currentRows = (name: string, { comment, columns }: Table): View => ({
  comment, columns,
  select: `SELECT ${Object.keys(columns).join(', ')} FROM ${rowsTable(name)} FINAL\n  WHERE generation = ${PRESENT_GENERATIONS}['${name}']\n  SETTINGS do_not_merge_across_partitions_select_final = 1`,
})

function freshness(): View {
  const { reader: _reader, positions: _positions, ...columns } = PROGRESS.columns
  return {
    comment: 'How far the tables are', columns,
    select: `SELECT ${Object.keys(columns).join(', ')} FROM progress FINAL WHERE reader = 'projector'`,
  }
}

/** The statements that make the tables and views; each may be run again. */
export function createStatements(): string[] {
  return [
    createTable('migrations', MIGRATIONS),
    createTable('progress', PROGRESS),
    createTable('generations', GENERATIONS),
    createView('freshness', freshness()),
    CREATE_COMPLETE_TO,
    ...Object.entries(TABLES).flatMap(([name, table]) => [createRowsTable(rowsTable(name), table), createView(name, currentRows(name, table))]),
    ...Object.entries(VIEWS).map(([name, view]) => createView(name, view)),
  ]
}
