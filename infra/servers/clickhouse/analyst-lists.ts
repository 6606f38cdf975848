import { CLOSED_NAMES } from '../../../schemas/analyst-access.ts'

/** The grants that analysts lose again, of those on the whole database. */
export const closedGrants = (database: string): string[] => CLOSED_NAMES.map((name) => `REVOKE SELECT ON ${database}.${name}`)

/** Tables of `system` with a row for a table, or for a part of one. */
const ABOUT_TABLES = ['columns', 'constraints', 'data_skipping_indices', 'mutations', 'parts', 'parts_columns', 'projections'] as const

/**
 * Row filters of `system` tables for analysts: lists show the views of Colloquy's databases, and not the tables that these read (see
 * `Access`). `SHOW TABLES` and information_schema read these tables, too.
 */
export function listFilters(database: string): Readonly<Record<string, string>> {
  const isOthers = `NOT (database = '${database}' OR startsWith(database, '${database}_'))`
  const isShown = "engine IN ('View', 'Dictionary')"
  const ofShown = `${isOthers} OR (database, table) IN (SELECT database, name FROM system.tables WHERE ${isShown})`
  // What /play and other editors offer to complete a word with. A column belongs to a table of any database.
  const isTable = `context = 'table' AND (belongs = '${database}' OR startsWith(belongs, '${database}_'))`
  const shown = `SELECT name FROM system.tables WHERE ${isShown}`
  const known = '(SELECT table FROM system.columns)'
  const completions = `NOT (${isTable} AND word NOT IN (${shown})) AND NOT (context = 'column' AND belongs NOT IN ${known})`
  return { completions, tables: `${isOthers} OR ${isShown}`, ...Object.fromEntries(ABOUT_TABLES.map((name) => [name, ofShown])) }
}
