import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ClickHouseClient } from '@clickhouse/client'
import type { Logger } from 'pino'
import { countIn, inPieces, removedSql, type SeqRange } from '../../pipeline/jetstream/removed.ts'
import { presentGenerations, recoverGenerations } from '../../pipeline/projector/present-generations.ts'
import { damageError } from '../../pipeline/runtime/clickhouse-failures.ts'
import { collectionOf, dropCollection, type Names, tablesOf } from '../../pipeline/search/clickhouse/point-tables.ts'
import { counted } from '../../schemas/counted.ts'
import { ADMIN_STATEMENTS, quoted, rowsTable } from '../../schemas/ddl.ts'
import { type ReadModel, TABLE_NAMES, type TableName, TABLES } from '../../schemas/tables.ts'
import { moveIfExists, setAsideFolder } from '../servers/clickhouse/set-aside.ts'

/** The ClickHouse whose tables are checked. */
export interface DamageDeps {
  readonly clickhouse: ClickHouseClient
  /** The engine's folder, for damaged files. Absent: a server that Colloquy does not run; only missing tables are found. */
  readonly folder: string | undefined
  /** What LOG has lost: it cannot give back the rows of these records. Default: nothing. */
  readonly lostRecords?: () => Promise<readonly SeqRange[]>
  readonly log: Logger
}

/** What LOG cannot give back, after the name of the folder of damaged files; empty if LOG has lost nothing. */
export async function lastCopiesText({ lostRecords }: Pick<DamageDeps, 'lostRecords'>): Promise<string> {
  const count = countIn((await lostRecords?.()) ?? [])
  if (count === 0) return ''
  const records = counted(count, 'record')
  return `. LOG has lost ${records}, whose rows it cannot give back: the last copies may be in that folder. Do not delete it`
}

/** A table about tables. */
export type AdminTable = keyof typeof ADMIN_STATEMENTS
export const ADMIN_TABLES = Object.keys(ADMIN_STATEMENTS) as AdminTable[]

/** How each is made again after damage. */
export const ADMIN_REPAIRS: Readonly<Record<AdminTable, string>> = {
  progress: 'the projector writes it again within seconds',
  generations: 'Colloquy writes it again from the rows that are stored',
  repairs: 'if tables were just being made again, the auditor finds what they lack',
  migrations: 'the next start runs the migrations again, which changes nothing',
}

/** Tables about tables that cannot be read now. Reading them makes the watch look for their damaged parts. */
export async function unreadableAdminTables(clickhouse: ClickHouseClient): Promise<AdminTable[]> {
  const unreadable: AdminTable[] = []
  for (const table of ADMIN_TABLES) {
    try {
      await clickhouse.command({ query: `SELECT * FROM ${table} FORMAT Null` })
    } catch (error) {
      if (damageError(error) === undefined) throw error
      unreadable.push(table)
    }
  }
  return unreadable
}

/**
 * Whether a part may have rows of records that LOG has lost. True if it cannot be read.
 *
 * @param part an active part of a table of rows
 */
export async function mayHaveLastCopies({ clickhouse, lostRecords }: DamageDeps, table: TableName, part: string): Promise<boolean> {
  const { seq }: ReadModel = TABLES[table]
  for (const ranges of inPieces((await lostRecords?.()) ?? [])) {
    const query = `SELECT 1 FROM ${rowsTable(table)} WHERE _part = {part:String} AND ${removedSql({ ranges }, seq)} LIMIT 1`
    const found = await clickhouse
      .query({ query, query_params: { part }, format: 'JSONEachRow' })
      .then((result) => result.json())
      .catch(() => ['unreadable'])
    if (found.length > 0) return true
  }
  return false
}

/**
 * Finds small tables with damaged rows, before anything reads them. The engine takes out damaged parts at its start, but only those that it
 * cannot load.
 */
export async function checkAdminTables({ clickhouse, folder }: DamageDeps): Promise<void> {
  if (folder === undefined) return
  const existing = await tableNames(clickhouse)
  for (const table of ADMIN_TABLES) {
    if (!existing.has(table)) continue
    for (const part of await damagedParts(clickhouse, table)) await detachPart(clickhouse, table, part)
  }
}

/**
 * Sets damaged parts aside and marks the tables that lost rows, so that these are made again from LOG: by `startPendingRebuild`, or by the
 * indexer. Rows of other tables stay. Every step may run again after a crash. Call it before the tables are created.
 *
 * @param wasComplete whether all tables of today existed: one that is missing then was lost.
 */
export async function markDamage(deps: DamageDeps & { readonly known: readonly string[] }, wasComplete: boolean): Promise<void> {
  const { clickhouse, log } = deps
  const existing = await tableNames(clickhouse)
  if (existing.size === 0) return
  for (const query of Object.values(ADMIN_STATEMENTS)) await clickhouse.command({ query })
  const parts = deps.folder === undefined ? [] : await detachedParts(clickhouse)
  const damaged = new Set(parts.map(({ table }) => table))
  const isLost = (table: string): boolean => damaged.has(table) || (wasComplete && !existing.has(table))

  const unsure = isLost('generations') ? await recoverGenerations(clickhouse) : []
  const lostMark = isLost('progress')
  // Without its mark the projector reads all of LOG again.
  const rows = TABLE_NAMES.filter((name) => unsure.includes(name) || (!lostMark && isLost(rowsTable(name))))
  const folder = deps.folder === undefined ? undefined : setAsideFolder(deps.folder, new Date())
  await noteDamage(clickhouse, rows, parts.length === 0 || folder === undefined ? 'lost' : `damaged; set aside in ${folder}`)
  const collections = await lostCollections(clickhouse, existing, damaged)
  for (const names of collections) await dropCollection(clickhouse, names)
  if (folder !== undefined) for (const part of parts) await setPartAside(part, folder)

  const lost = [...new Set([...rows.map(rowsTable), ...ADMIN_TABLES.filter(isLost), ...collections.map(({ points }) => points)])]
  // One line for each damage.
  if (lost.every((name) => deps.known.includes(name))) return
  const lastCopies = await lastCopiesText(deps)
  const where = parts.length === 0 ? '' : `; the damaged files are in ${folder}${lastCopies || ', which you may delete'}`
  log.error({ tables: lost, folder }, `ClickHouse lost rows of ${lost.join(', ')}: Colloquy makes them again from LOG${where}`)
}

/** Marks tables whose rows must be made again. */
export async function noteDamage(clickhouse: ClickHouseClient, tables: readonly TableName[], found: string): Promise<void> {
  if (tables.length === 0) return
  const present = await presentGenerations(clickhouse)
  await insertRepairs(
    clickhouse,
    tables.map((name) => ({ name, generation: present[name], found })),
  )
}

/** Marks a collection of the search index, which the next start fills again if this process ends before it has. */
export async function noteDamagedCollection(clickhouse: ClickHouseClient, { points }: Names, found: string): Promise<void> {
  const result = await clickhouse.query({
    query: 'SELECT toString(uuid) AS uuid FROM system.tables WHERE database = currentDatabase() AND name = {points:String}',
    query_params: { points },
    format: 'JSONEachRow',
  })
  const [table] = await result.json<{ uuid: string }>()
  if (table !== undefined) await insertRepairs(clickhouse, [{ name: points, uuid: table.uuid, found }])
}

async function insertRepairs(clickhouse: ClickHouseClient, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  const at = new Date().toISOString().slice(0, 23).replace('T', ' ')
  await clickhouse.insert({ table: 'repairs', values: rows.map((row) => ({ ...row, at })), format: 'JSONEachRow' })
}

/** The parts of a table, or one of them, whose files do not have their checksums. */
export async function damagedParts(clickhouse: ClickHouseClient, table: string, part?: string): Promise<string[]> {
  const result = await clickhouse.query({
    query: `CHECK TABLE ${table}${part === undefined ? '' : ` PART ${quoted(part)}`}`,
    clickhouse_settings: { check_query_single_value_result: 0, max_threads: 1 },
    format: 'JSONEachRow',
  })
  return (await result.json<{ part_path: string; is_passed: number }>())
    .filter(({ is_passed: isPassed }) => isPassed === 0)
    .map(({ part_path: path }) => basename(path))
}

export const detachPart = (clickhouse: ClickHouseClient, table: string, part: string): Promise<unknown> =>
  clickhouse.command({ query: `ALTER TABLE ${table} DETACH PART ${quoted(part)}` })

export interface DetachedPart {
  readonly table: string
  readonly path: string
}

/** Damaged parts that are no longer in their tables. Nobody else detaches parts of these tables. */
export async function detachedParts(clickhouse: ClickHouseClient): Promise<DetachedPart[]> {
  const result = await clickhouse.query({
    query:
      "SELECT table, path FROM system.detached_parts WHERE database = currentDatabase() AND reason NOT IN ('ignored', 'covered-by-broken')",
    format: 'JSONEachRow',
  })
  return result.json<DetachedPart>()
}

export async function setPartAside({ table, path }: DetachedPart, folder: string): Promise<void> {
  await mkdir(join(folder, table), { recursive: true, mode: 0o700 })
  await moveIfExists(path, join(folder, table, basename(path)))
}

async function tableNames(clickhouse: ClickHouseClient): Promise<Set<string>> {
  const result = await clickhouse.query({
    query: 'SELECT name FROM system.tables WHERE database = currentDatabase()',
    format: 'JSONEachRow',
  })
  return new Set((await result.json<{ name: string }>()).map(({ name }) => name))
}

const OWN_TABLES_MIN = 3

/** Collections of the search index that lost a table, or rows: they are filled again as a whole, because their tables belong together. */
async function lostCollections(
  clickhouse: ClickHouseClient,
  existing: ReadonlySet<string>,
  damaged: ReadonlySet<string>,
): Promise<Names[]> {
  const result = await clickhouse.query({
    query: `SELECT r.name AS name FROM repairs AS r JOIN system.tables AS t ON t.name = r.name
      WHERE t.database = currentDatabase() AND toString(t.uuid) = r.uuid`,
    format: 'JSONEachRow',
  })
  const noted = new Set((await result.json<{ name: string }>()).map(({ name }) => name))
  const collections = new Map([...existing].flatMap((table) => collectionOf(table) ?? []).map((names) => [names.points, names]))
  return [...collections.values()].filter((names) => {
    const { required, added } = tablesOf(names)
    // Others may have a table with such a name in this database.
    const isOurs = required.filter((table) => existing.has(table)).length >= OWN_TABLES_MIN
    return (
      isOurs
      && (noted.has(names.points)
        || required.some((table) => !existing.has(table))
        || [...required, ...added].some((table) => damaged.has(table)))
    )
  })
}
