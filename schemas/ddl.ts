import { type Access, accessOf, type ObjectKind } from './analyst-access.ts'
import type { Column, SkipIndex, Table } from './table-columns.ts'
import { COMPLETE_TO, GENERATION, GENERATIONS, MIGRATIONS, PRESENT_GENERATIONS, REPAIRS } from './table-generations.ts'
import { PROGRESS, TABLES } from './tables.ts'
import { type View, VIEWS } from './views.ts'

/** A text as a string literal of SQL. */
export const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** A column as in CREATE TABLE, with its default, comment and codec. */
export function columnDefinition(name: string, { type, comment, codec, default: value }: Column): string {
  const expression = value === undefined ? '' : ` DEFAULT ${value}`
  return `${name} ${type}${expression} COMMENT ${quoted(comment)}${codec === undefined ? '' : ` CODEC(${codec})`}`
}

/** The name of an index, and what follows it in CREATE TABLE and ALTER TABLE. */
export const indexName = ({ of }: SkipIndex): string => `${of}_skip`
export const indexDefinition = (index: SkipIndex): string =>
  `${indexName(index)} ${index.of} TYPE ${index.type} GRANULARITY ${index.granularity}`

const CREATE = {
  TABLE: 'CREATE TABLE IF NOT EXISTS',
  VIEW: 'CREATE OR REPLACE VIEW',
  'MATERIALIZED VIEW': 'CREATE MATERIALIZED VIEW IF NOT EXISTS',
} as const

/**
 * The statement that creates a table or view; it may run again. Everything in a database of Colloquy's is created by it, so that nothing
 * is there without a decision what analysts may do with it.
 *
 * @param access what analysts may do with it.
 * @param definition the rest of the statement, after the name.
 */
export function createStatement(kind: ObjectKind, name: string, access: Access, definition: string): string {
  const given = accessOf(kind, name)
  if (given !== access) throw new Error(`the ${kind.toLowerCase()} ${name} would be ${given} for analysts, not ${access}`)
  return `${CREATE[kind]} ${name} ${definition}`
}

/** The name of the table behind a view. */
export const rowsTable = (name: string): string => `${name}_rows`

/** A table of rows; each generation has its own partitions. */
export const createRowsTable = (name: string, table: Table): string =>
  createTable(
    name,
    'behind',
    { ...table, columns: { ...table.columns, generation: GENERATION } },
    `(generation, toYYYYMM(${table.partitionBy}))`,
  )

function createTable(name: string, access: Access, table: Table, partitions?: string): string {
  const columns = Object.entries(table.columns).map(([column, definition]) => columnDefinition(column, definition))
  const indexes = (table.indexes ?? []).map((index) => `INDEX ${indexDefinition(index)}`)
  const partition = partitions === undefined ? '' : `\nPARTITION BY ${partitions}`
  const pairs = Object.entries(table.settings ?? {}).map(([setting, value]) => `${setting} = ${value}`)
  const settings = pairs.length === 0 ? '' : `\nSETTINGS ${pairs.join(', ')}`
  return createStatement(
    'TABLE',
    name,
    access,
    `(\n  ${[...columns, ...indexes].join(',\n  ')}\n)\n`
      + `ENGINE = ReplacingMergeTree(${table.version ?? ''})${partition}\n`
      + `ORDER BY (${table.orderBy.join(', ')})${settings}\nCOMMENT ${quoted(table.comment)}`,
  )
}

/** A view for analysts. Its columns have comments, but no codecs and defaults. */
export function createView(name: string, { comment, columns, select }: View): string {
  const lines = Object.entries(columns).map(([column, { type, comment: about }]) => columnDefinition(column, { type, comment: about }))
  return createStatement('VIEW', name, 'shown', `(\n  ${lines.join(',\n  ')}\n) AS (\n  ${select}\n)\nCOMMENT ${quoted(comment)}`)
}

/**
 * The first setting tells ClickHouse that all versions of a row are in one partition. FINAL then merges within partitions only, and
 * ClickHouse skips the partitions of other generations. The second lets conditions on the key of a row, which all its versions share, pass
 * before other columns are read.
 */
export const selectCurrent = (name: string, columns: readonly string[], condition?: string): string =>
  `SELECT ${columns.join(', ')} FROM ${rowsTable(name)} AS r FINAL\n`
  + `  WHERE r.generation = ${PRESENT_GENERATIONS}['${name}']${condition === undefined ? '' : ` AND ${condition}`}\n`
  + '  SETTINGS do_not_merge_across_partitions_select_final = 1, optimize_move_to_prewhere_if_final = 1'

const currentRows = (name: string, { comment, columns }: Table): View => ({
  comment,
  columns,
  select: selectCurrent(name, Object.keys(columns)),
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
export const createProgressTable = (name: string): string => createTable(name, 'behind', PROGRESS)

/** The statements that create the tables about tables, by name. Each may run again. */
export const ADMIN_STATEMENTS = {
  migrations: createTable('migrations', 'closed', MIGRATIONS),
  progress: createProgressTable('progress'),
  generations: createTable('generations', 'behind', GENERATIONS),
  repairs: createTable('repairs', 'behind', REPAIRS),
} as const

/** The names of the tables and views that every database of Colloquy's has. */
export const createdNames = (): string[] =>
  createStatements().flatMap((statement) => /^CREATE [A-Z ]+ ([a-z_]+) /.exec(statement)?.[1] ?? [])

/** The statements that create the tables and views. Each may run again. */
export function createStatements(): string[] {
  return [
    ...Object.values(ADMIN_STATEMENTS),
    createView('freshness', freshness()),
    createStatement('VIEW', 'complete_to', 'shown', COMPLETE_TO),
    ...Object.entries(TABLES).flatMap(([name, table]) => [
      createRowsTable(rowsTable(name), table),
      createView(name, currentRows(name, table)),
    ]),
    ...Object.entries(VIEWS).map(([name, view]) => createView(name, view)),
  ]
}
