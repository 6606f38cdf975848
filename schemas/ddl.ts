import { PROGRESS, TABLES, type Table } from './tables.ts'

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
const columnsOf = (table: Table): string =>
  Object.entries(table.columns).map(([name, { type, comment }]) => `  ${name} ${type} COMMENT ${quoted(comment)}`).join(',\n')

/** A view's columns carry comments too, but neither codecs nor the storage's hints. */
const viewColumnsOf = (table: Table): string =>
  Object.entries(table.columns).map(([name, { type, comment }]) => `  ${name} ${type.replace(/ CODEC\(.*\)$/, '')} COMMENT ${quoted(comment)}`).join(',\n')

export const rowsTable = (name: string): string => `${name}_rows`

function createTable(name: string, table: Table): string {
  const version = table.version === undefined ? '' : table.version
  const partition = table.partitionBy === '' ? '' : `\nPARTITION BY toYYYYMM(${table.partitionBy})`
  return `CREATE TABLE IF NOT EXISTS ${name} (\n${columnsOf(table)}\n)\nENGINE = ReplacingMergeTree(${version})${partition}\nORDER BY (${table.orderBy.join(', ')})\nCOMMENT ${quoted(table.comment)}`
}

/** Rows with one key lie in one partition, so that a reader needs to merge within partitions only. */
const createView = (name: string, table: Table): string =>
  `CREATE OR REPLACE VIEW ${name} (\n${viewColumnsOf(table)}\n) AS SELECT ${Object.keys(table.columns).join(', ')} FROM ${rowsTable(name)} FINAL\nSETTINGS do_not_merge_across_partitions_select_final = 1\nCOMMENT ${quoted(table.comment)}`

/** The statements that make the tables and views; each may be run again. */
export function createStatements(): string[] {
  const { reader: _reader, positions: _positions, ...shown } = PROGRESS.columns
  const freshness: Table = { ...PROGRESS, columns: shown, comment: 'How far the tables are' }
  return [
    createTable('progress', PROGRESS),
    `CREATE OR REPLACE VIEW freshness (\n${viewColumnsOf(freshness)}\n) AS SELECT ${Object.keys(shown).join(', ')} FROM progress FINAL WHERE reader = 'projector'\nCOMMENT ${quoted(freshness.comment)}`,
    ...Object.entries(TABLES).flatMap(([name, table]) => [createTable(rowsTable(name), table), createView(name, table)]),
  ]
}
