import { createClient, type ClickHouseClient, type ClickHouseClientConfigOptions } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { columnDefinition, createStatements, quoted, rowsTable } from '../../schemas/ddl.ts'
import { TABLE_NAMES, TABLES, type Table, type TableName } from '../../schemas/tables.ts'
import { withLock } from './tables-lock.ts'
import { LATEST_VERSION, MIGRATIONS } from './table-migrations.ts'

/** Makes the database of the tables on a server that is not ours; the embedded one brings its own. */
export async function prepareDatabase(options: ClickHouseClientConfigOptions): Promise<void> {
  const client = createClient({ ...options, database: 'default' })
  try {
    // The name was checked by the settings; ClickHouse takes no parameters in DDL of this kind.
    await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${options.database ?? 'default'}` })
  } catch (cause) {
    throw new ColloquyError('clickhouse_unreachable', `no ClickHouse at ${String(options.url)}, or no right to make the database ${options.database} (${messageOf(cause)}); check COLLOQUY_CLICKHOUSE_URL, its user and password`, { cause })
  } finally {
    await client.close()
  }
}

/**
 * Makes the tables and views, or brings those that are there up to date. May be run again at any time, and by several processes at
 * once: one does it, the others wait.
 *
 * @throws ColloquyError `tables_newer` where a newer Colloquy made them.
 */
export const prepareTables = (clickhouse: ClickHouseClient, kv: KV, log: Logger): Promise<void> => withLock(kv, 'tables', async () => {
  const present = await versionOf(clickhouse)
  if (present > LATEST_VERSION) {
    throw new ColloquyError('tables_newer', `the tables in ClickHouse are of version ${present}, and this Colloquy knows them up to ${LATEST_VERSION}; start a newer one, or name another database with COLLOQUY_CLICKHOUSE_DATABASE`)
  }
  const due = present === NONE ? [] : MIGRATIONS.filter(({ version }) => version > present)
  for (const { version, name, run } of due) {
    log.info({ version, from: present }, `migrating the tables: ${name}`)
    await run(clickhouse)
  }
  for (const query of createStatements()) await clickhouse.command({ query })
  for (const name of TABLE_NAMES) await completeColumns(clickhouse, rowsTable(name), TABLES[name])
  const rows = present === NONE
    ? MIGRATIONS.map(({ version, name }) => ({ version, name, rebuild: [], seq: 0 }))
    : due.map(({ version, name, rebuild }) => ({ version, name, rebuild }))
  if (rows.length > 0) await recordMigrations(clickhouse, rows)
})

/** There are no tables. */
const NONE = 0
/** Tables of this version had no `migrations` beside them. */
const FIRST = 1

async function versionOf(clickhouse: ClickHouseClient): Promise<number> {
  const result = await clickhouse.query({
    query: "SELECT name FROM system.tables WHERE database = currentDatabase() AND name IN ('migrations', 'events_rows')", format: 'JSONEachRow',
  })
  const tables = (await result.json<{ name: string }>()).map(({ name }) => name)
  const recorded = tables.includes('migrations') ? await recordedVersion(clickhouse) : NONE
  return recorded === NONE && tables.includes('events_rows') ? FIRST : recorded
}

async function recordedVersion(clickhouse: ClickHouseClient): Promise<number> {
  const result = await clickhouse.query({ query: 'SELECT max(version) AS version FROM migrations', format: 'JSONEachRow' })
  const [row] = await result.json<{ version: number }>()
  return row?.version ?? NONE
}

interface Done {
  readonly version: number
  readonly name: string
  readonly rebuild: readonly TableName[]
  readonly seq?: number
}

async function recordMigrations(clickhouse: ClickHouseClient, rows: readonly Done[]): Promise<void> {
  const result = await clickhouse.query({ query: 'SELECT max(projected_seq) AS seq, now64(3) AS at FROM freshness', format: 'JSONEachRow' })
  const [now] = await result.json<{ seq: string | number; at: string }>()
  await clickhouse.insert({ table: 'migrations', values: rows.map((row) => ({ ...now, ...row })), format: 'JSONEachRow' })
}

/** Adds columns that a table lacks, and has it say of each what is known today. */
async function completeColumns(clickhouse: ClickHouseClient, table: string, { columns }: Table): Promise<void> {
  const result = await clickhouse.query({
    query: 'SELECT name, comment FROM system.columns WHERE database = currentDatabase() AND table = {table:String}', query_params: { table }, format: 'JSONEachRow',
  })
  const present = new Map((await result.json<{ name: string; comment: string }>()).map(({ name, comment }) => [name, comment]))
  for (const [name, column] of Object.entries(columns)) {
    if (!present.has(name)) {
      await clickhouse.command({ query: `ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS ${columnDefinition(name, column)}` })
    } else if (present.get(name) !== column.comment) {
      await clickhouse.command({ query: `ALTER TABLE ${table} COMMENT COLUMN ${name} ${quoted(column.comment)}` })
    }
  }
}
