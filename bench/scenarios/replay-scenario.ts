import { execFile } from 'node:child_process'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createClient, ClickHouseLogLevel, type ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { connectToRunningClickHouse } from '../../infra/app/connect-to-running.ts'
import { COLOURS } from '../../infra/reporting/report/report-charts.ts'
import { PREFIX } from '../../infra/settings.ts'
import { createStatements, rowsTable } from '../../schemas/ddl.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { TABLE_NAMES, type TableName } from '../../schemas/tables.ts'
import { startLoad } from '../harness/load.ts'
import { interleave } from '../harness/rounds.ts'
import type { Bench, Measured, Scenario } from '../harness/bench-scenario.ts'
import { medians, rounded } from '../harness/statistics.ts'
import type { BenchSystem } from '../harness/bench-system.ts'

const ROUNDS = 3
const FETCH_AHEAD_MAX = 10_000
/** Records whose rows the bare insert writes, and rows in one of its inserts. */
const BARE_RECORDS_MAX = 50_000
const INSERT_ROWS = 10_000
/** Of its own, so that the tables that count stay what the log says. */
const DATABASE = 'colloquy_bench'
const REBUILD_MS_MAX = 1_800_000
const MAIN = fileURLToPath(new URL('../../infra/cli/command-line.ts', import.meta.url))

/** All tables made anew from the log by `colloquy rebuild`, beside reading the log and writing the rows and nothing else. */
export const replay: Scenario = {
  name: 'replay',
  about: 'colloquy rebuild over --rows records, beside a bare ordered consumer and a bare insert of the same rows',
  actorsDefault: 10_000,
  rowsDefault: 100_000,
  run: measureReplay,
}

async function measureReplay({ system, producer, options }: Bench): Promise<Measured> {
  await using open = new AsyncDisposableStack()
  const load = open.adopt(await startLoad({ system, producer }), (one) => one.stop())
  await load.run({ count: options.rows })
  const patient = { request_timeout: 600_000, log: { level: ClickHouseLogLevel.OFF } } as const
  const client = open.adopt(createClient({ ...await connectToRunningClickHouse(system.settings, 'colloquy'), ...patient }), (one) => one.close())
  await client.command({ query: `CREATE DATABASE ${DATABASE}` })
  open.defer(async () => { await client.command({ query: `DROP DATABASE ${DATABASE} SYNC` }) })
  const scratch = open.adopt(createClient({ ...await connectToRunningClickHouse(system.settings, 'colloquy'), ...patient, database: DATABASE }), (one) => one.close())
  for (const query of createStatements()) await scratch.command({ query })

  const records = (await system.jsm.streams.info('LOG')).state.messages
  const share = Math.min(1, BARE_RECORDS_MAX / records)
  const rows = new Map<TableName, Buffer[]>()
  for (const table of TABLE_NAMES) rows.set(table, await fetchRows(client, table, share))
  const [rebuilt, read, inserted]: [number[], number[], number[]] = [[], [], []]
  let rebuiltRecords = 0
  await interleave(options.rows < BARE_RECORDS_MAX / 10 ? 1 : ROUNDS, [
    async () => { read.push(await readAll(system)) },
    async () => { inserted.push(records * share / await insertAll(scratch, rows) * 1_000) },
    async () => {
      const told = await rebuild(system)
      rebuiltRecords = told.records
      rebuilt.push(told.records / told.seconds)
    },
  ])
  const told = medians({ rebuiltRecordsPerSecond: rebuilt, bareConsumerRecordsPerSecond: read, bareInsertRecordsPerSecond: inserted })
  const { rebuiltRecordsPerSecond = 0, bareConsumerRecordsPerSecond = 0, bareInsertRecordsPerSecond = 0 } = told.figures
  return {
    figures: {
      ...told.figures, ratioToConsumer: rounded(rebuiltRecordsPerSecond / bareConsumerRecordsPerSecond), ratioToInsert: rounded(rebuiltRecordsPerSecond / bareInsertRecordsPerSecond),
      records: rebuiltRecords, refused: producer.publisher.refused,
    },
    spread: told.spread,
    charts: [{
      title: 'Records per second', unit: '/s', shape: 'bars', labels: ['colloquy rebuild', 'bare ordered consumer', 'bare insert'],
      series: [{ name: 'records per second', values: [rebuiltRecordsPerSecond, bareConsumerRecordsPerSecond, bareInsertRecordsPerSecond], colour: COLOURS.good }],
    }],
    notes: [
      `${rebuilt.length} rounds, the three by turns. Rebuild: npx colloquy rebuild of all tables while the system runs and has nothing else to do, from when the command begins until the tables have taken over; the gate then checks what it made.`,
      `Bare consumer: reads LOG to its end in order (${FETCH_AHEAD_MAX} ahead) and looks at nothing. Bare insert: the rows of ${Math.round(records * share)} records, made beforehand, into all tables of another database, table by table, ${INSERT_ROWS} rows of `
      + 'JSON at a time. Both are one process by itself and at most what a rebuild could be if it did nothing else.',
    ],
  }
}

/** @returns records per second */
async function readAll({ js }: BenchSystem): Promise<number> {
  const consumer = await js.consumers.get('LOG', { filter_subjects: ['log.>'] })
  const begunMs = performance.now()
  let count = 0
  for await (const message of await consumer.consume({ max_messages: FETCH_AHEAD_MAX })) {
    count += 1
    if (message.info.pending === 0) break
  }
  return count / (performance.now() - begunMs) * 1_000
}

/** Rows of a table as JSON, in pieces of one insert each. */
async function fetchRows(client: ClickHouseClient, table: TableName, share: number): Promise<Buffer[]> {
  const counted = await client.query({ query: `SELECT count() AS rows FROM ${table}`, format: 'JSONEachRow' })
  const [{ rows } = { rows: 0 }] = z.array(z.object({ rows: z.coerce.number() })).parse(await counted.json())
  const wanted = Math.ceil(rows * share)
  const pieces: Buffer[] = []
  const result = await client.query({ query: `SELECT * FROM ${table} LIMIT ${wanted}`, format: 'JSONEachRow' })
  let piece: string[] = []
  for await (const some of result.stream()) {
    for (const row of some) {
      piece.push(row.text)
      if (piece.length < INSERT_ROWS) continue
      pieces.push(Buffer.from(piece.join('\n')))
      piece = []
    }
  }
  if (piece.length > 0) pieces.push(Buffer.from(piece.join('\n')))
  return pieces
}

/** @returns milliseconds */
async function insertAll(scratch: ClickHouseClient, rows: ReadonlyMap<TableName, readonly Buffer[]>): Promise<number> {
  for (const table of rows.keys()) await scratch.command({ query: `TRUNCATE TABLE ${rowsTable(table)}` })
  const begunMs = performance.now()
  for (const [table, pieces] of rows) {
    for (const piece of pieces) {
      const { stream } = await scratch.exec({ query: `INSERT INTO ${rowsTable(table)} FORMAT JSONEachRow`, values: Readable.from([piece], { objectMode: false }) })
      for await (const _ of stream) { /* An insert answers with nothing; it is done when that has come. */ }
    }
  }
  return performance.now() - begunMs
}

const rebuiltSchema = z.object({ records: z.number().positive(), seconds: z.number().positive() })

/** As whoever runs a system does it. @throws ColloquyError `rebuild_failed` */
async function rebuild({ environment }: BenchSystem): Promise<z.infer<typeof rebuiltSchema>> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith(PREFIX))
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'rebuild', '--json'], { env: { ...Object.fromEntries(inherited), ...environment }, timeout: REBUILD_MS_MAX })
    return rebuiltSchema.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''))
  } catch (cause) {
    throw new ColloquyError('rebuild_failed', `colloquy rebuild failed: ${messageOf(cause)}`, { cause })
  }
}
