import { PROGRESS, TABLES, type Column, type Table } from './tables.ts'

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
const columnsOf = (table: Table): string => Object.entries(table.columns).map(([name, column]) => `  ${columnDefinition(name, column)}`).join(',\n')

export const columnDefinition = (name: string, { type, comment, codec }: Column): string =>
  `${name} ${type} COMMENT ${quoted(comment)}${codec === undefined ? '' : ` CODEC(${codec})`}`

/** A view's columns carry comments too, but say nothing of storage. */
const viewColumnsOf = (table: Table): string =>
  Object.entries(table.columns).map(([name, { type, comment }]) => `  ${columnDefinition(name, { type, comment })}`).join(',\n')

export const rowsTable = (name: string): string => `${name}_rows`

function createTable(name: string, table: Table): string {
  const version = table.version === undefined ? '' : table.version
  const partition = table.partitionBy === '' ? '' : `\nPARTITION BY toYYYYMM(${table.partitionBy})`
  return `CREATE TABLE IF NOT EXISTS ${name} (\n${columnsOf(table)}\n)\nENGINE = ReplacingMergeTree(${version})${partition}\nORDER BY (${table.orderBy.join(', ')})\nCOMMENT ${quoted(table.comment)}`
}

/** Rows with one key lie in one partition, so that a reader needs to merge within partitions only. */
const createView = (name: string, table: Table): string =>
  `CREATE OR REPLACE VIEW ${name} (\n${viewColumnsOf(table)}\n) AS (\n  SELECT ${Object.keys(table.columns).join(', ')} FROM ${rowsTable(name)} FINAL\n  SETTINGS do_not_merge_across_partitions_select_final = 1\n)\nCOMMENT ${quoted(table.comment)}`

/** The statements that make the tables and views; each may be run again. */
export function createStatements(): string[] {
  const { reader: _reader, positions: _positions, ...shown } = PROGRESS.columns
  const freshness: Table = { ...PROGRESS, columns: shown, comment: 'How far the tables are' }
  return [
    createTable('progress', PROGRESS),
    `CREATE OR REPLACE VIEW freshness (\n${viewColumnsOf(freshness)}\n) AS (\n  SELECT ${Object.keys(shown).join(', ')} FROM progress FINAL WHERE reader = 'projector'\n)\nCOMMENT ${quoted(freshness.comment)}`,
    ...Object.entries(TABLES).flatMap(([name, table]) => [createTable(rowsTable(name), table), createView(name, table)]),
  ]
}
