import { type ClickHouseClient, type ClickHouseClientConfigOptions, createClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { awayCodeOf } from '../../pipeline/runtime/server-away.ts'
import { columnDefinition, createStatements, quoted, rowsTable } from '../../schemas/ddl.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { MIGRATIONS as MIGRATIONS_TABLE } from '../../schemas/table-generations.ts'
import { PROGRESS, type Table, TABLE_NAMES, type TableName, TABLES } from '../../schemas/tables.ts'
import type { ClickHouseAccess } from './clickhouse-access.ts'
import { checkAdminTables, type DamageDeps, markDamage } from './damaged-tables.ts'
import { LATEST_VERSION, MIGRATIONS } from './table-migrations.ts'
import { withLock } from './tables-lock.ts'

/** Creates the database of the tables on a server that Colloquy does not run. @throws ColloquyError `clickhouse_unreachable` */
export async function prepareDatabase(options: ClickHouseClientConfigOptions): Promise<void> {
  const client = createClient({ ...options, database: 'default' })
  try {
    // ClickHouse takes no parameters in this statement. The name is safe, because its setting is validated.
    await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${options.database ?? 'default'}` })
  } catch (cause) {
    throw new ColloquyError(
      'clickhouse_unreachable',
      `cannot create the database ${options.database} in ClickHouse at ${String(options.url)} (${awayCodeOf(cause) ?? messageOf(cause)}); `
        + 'check COLLOQUY_CLICKHOUSE_URL, its user, password and rights',
      { cause },
    )
  } finally {
    await client.close()
  }
}

/** Where damaged files of the embedded engine are set aside, and the tables whose damage is logged already. */
type EngineFiles = Pick<ClickHouseAccess, 'folder' | 'setAside'> & Pick<DamageDeps, 'lostRecords'>

/**
 * Creates the tables and views, or migrates existing ones. Repeating it is harmless. Of several processes that call it at once, one does
 * the work while the others wait.
 *
 * @param engine absent: another's server.
 * @throws ColloquyError `tables_newer` if a newer Colloquy made the tables.
 */
export const prepareTables = (clickhouse: ClickHouseClient, kv: KV, log: Logger, engine: EngineFiles = {}): Promise<void> =>
  withLock(kv, 'tables', async () => {
    const damage = {
      clickhouse,
      folder: engine.folder,
      known: engine.setAside ?? [],
      log,
      ...(engine.lostRecords && { lostRecords: engine.lostRecords }),
    }
    await checkAdminTables(damage)
    const present = await versionOf(clickhouse)
    if (present > LATEST_VERSION) {
      throw new ColloquyError(
        'tables_newer',
        `the tables in ClickHouse have version ${present}, and this Colloquy knows versions up to ${LATEST_VERSION}; `
          + 'start a newer Colloquy, or name another database with COLLOQUY_CLICKHOUSE_DATABASE',
      )
    }
    await markDamage(damage, present === LATEST_VERSION)
    const pending = present === NONE ? [] : MIGRATIONS.filter(({ version }) => version > present)
    for (const { version, name, run } of pending) {
      log.info({ version, from: present }, `migrating the tables: ${name}`)
      await run(clickhouse)
    }
    for (const query of createStatements()) await clickhouse.command({ query })
    const comments = await tableComments(clickhouse)
    const tables: [string, Table][] = [
      ...TABLE_NAMES.map((name): [string, Table] => [rowsTable(name), TABLES[name]]),
      ['progress', PROGRESS],
      ['migrations', MIGRATIONS_TABLE],
    ]
    for (const [name, table] of tables) {
      await completeColumns(clickhouse, name, table)
      if (comments.get(name) !== table.comment) {
        await clickhouse.command({ query: `ALTER TABLE ${name} MODIFY COMMENT ${quoted(table.comment)}` })
      }
    }
    const rows =
      present === NONE
        ? MIGRATIONS.map(({ version, name }) => ({ version, name, rebuild: [], seq: 0 }))
        : pending.map(({ version, name, rebuild }) => ({ version, name, rebuild }))
    if (rows.length > 0) await recordMigrations(clickhouse, rows)
  })

/** Version of a database without tables. */
const NONE = 0
/** Version of the tables in a database that has no table `migrations`. */
const FIRST = 1

async function versionOf(clickhouse: ClickHouseClient): Promise<number> {
  const result = await clickhouse.query({
    query: "SELECT name FROM system.tables WHERE database = currentDatabase() AND name IN ('migrations', 'events_rows')",
    format: 'JSONEachRow',
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

interface Applied {
  readonly version: number
  readonly name: string
  readonly rebuild: readonly TableName[]
  readonly seq?: number
}

async function recordMigrations(clickhouse: ClickHouseClient, rows: readonly Applied[]): Promise<void> {
  const result = await clickhouse.query({
    query: `SELECT max(projected_seq) AS seq, now64(3) AS at, (SELECT max(generation) FROM generations) AS generation FROM freshness`,
    format: 'JSONEachRow',
  })
  const [now] = await result.json<{ seq: string | number; at: string; generation: number }>()
  await clickhouse.insert({ table: 'migrations', values: rows.map((row) => ({ ...now, ...row })), format: 'JSONEachRow' })
}

/** Adds the columns that a table lacks, and updates the comments of its columns. */
async function completeColumns(clickhouse: ClickHouseClient, table: string, { columns }: Table): Promise<void> {
  const result = await clickhouse.query({
    query: 'SELECT name, comment FROM system.columns WHERE database = currentDatabase() AND table = {table:String}',
    query_params: { table },
    format: 'JSONEachRow',
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

async function tableComments(clickhouse: ClickHouseClient): Promise<ReadonlyMap<string, string>> {
  const result = await clickhouse.query({
    query: 'SELECT name, comment FROM system.tables WHERE database = currentDatabase()',
    format: 'JSONEachRow',
  })
  return new Map((await result.json<{ name: string; comment: string }>()).map(({ name, comment }) => [name, comment]))
}
