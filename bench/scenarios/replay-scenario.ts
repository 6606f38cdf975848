import { execFile } from 'node:child_process'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { z } from 'zod'
import { connectToRunningClickHouse } from '../../infra/app/connect-to-running.ts'
import { COLOURS } from '../../infra/reporting/report/report-charts.ts'
import { PREFIX } from '../../infra/settings.ts'
import { createStatements, rowsTable } from '../../schemas/ddl.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { TABLE_NAMES, type TableName } from '../../schemas/tables.ts'
import type { Bench, Measured, Scenario } from '../harness/bench-scenario.ts'
import type { BenchSystem } from '../harness/bench-system.ts'
import { CAUGHT_UP_MS_MAX, endIfIdle } from '../harness/in-time.ts'
import { startLoad } from '../harness/load.ts'
import { interleave } from '../harness/measurement-plan.ts'
import { medians, rounded } from '../harness/statistics.ts'

const ROUNDS = 3
const FETCH_AHEAD_MAX = 10_000
/** Number of records whose rows the bare insert writes, and rows per insert. */
const BARE_RECORDS_MAX = 50_000
const INSERT_ROWS = 10_000
/** A separate database, so that the tables of the system still match the log. */
const DATABASE = 'colloquy_bench'
const REBUILD_MS_MAX = 1_800_000
const MAIN = fileURLToPath(new URL('../../infra/cli/command-line.ts', import.meta.url))

/** Measures `colloquy rebuild` of all tables. Compares it with a process that only reads the log and one that only writes the rows. */
export const replay: Scenario = {
  name: 'replay',
  about: 'Records per second of colloquy rebuild over --rows records, beside a bare ordered consumer and a bare insert of the same rows.',
  actorsDefault: 10_000,
  rowsDefault: 100_000,
  run: measureReplay,
}

async function measureReplay({ system, producer, options }: Bench): Promise<Measured> {
  await using open = new AsyncDisposableStack()
  const load = open.adopt(await startLoad({ system, producer }), (one) => one.stop())
  await load.run({ count: options.rows })
  const access = {
    ...(await connectToRunningClickHouse(system.settings, 'colloquy')),
    request_timeout: 600_000,
    log: { level: ClickHouseLogLevel.OFF },
  }
  const client = open.adopt(createClient(access), (one) => one.close())
  await client.command({ query: `CREATE DATABASE ${DATABASE}` })
  open.defer(async () => {
    await client.command({ query: `DROP DATABASE ${DATABASE} SYNC` })
  })
  const scratch = open.adopt(createClient({ ...access, database: DATABASE }), (one) => one.close())
  for (const query of createStatements()) await scratch.command({ query })

  const records = (await system.jsm.streams.info('LOG')).state.messages
  const share = Math.min(1, BARE_RECORDS_MAX / records)
  const rows = new Map<TableName, Buffer[]>()
  for (const table of TABLE_NAMES) rows.set(table, await fetchRows(client, table, share))
  const [rebuilt, read, inserted]: [number[], number[], number[]] = [[], [], []]
  let rebuiltRecords = 0
  await interleave(options.rows < BARE_RECORDS_MAX / 10 ? 1 : ROUNDS, [
    async () => {
      read.push(await readAll(system))
    },
    async () => {
      inserted.push(((records * share) / (await insertAll(scratch, rows))) * 1_000)
    },
    async () => {
      const { records: count, seconds } = await rebuild(system)
      rebuiltRecords = count
      rebuilt.push(count / seconds)
    },
  ])
  const summary = medians({ rebuiltRecordsPerSecond: rebuilt, bareConsumerRecordsPerSecond: read, bareInsertRecordsPerSecond: inserted })
  const { rebuiltRecordsPerSecond = 0, bareConsumerRecordsPerSecond = 0, bareInsertRecordsPerSecond = 0 } = summary.figures
  return {
    figures: {
      ...summary.figures,
      ratioToConsumer: rounded(rebuiltRecordsPerSecond / bareConsumerRecordsPerSecond),
      ratioToInsert: rounded(rebuiltRecordsPerSecond / bareInsertRecordsPerSecond),
      records: rebuiltRecords,
      refused: producer.publisher.refused,
    },
    spread: summary.spread,
    charts: [
      {
        title: 'Records per second',
        unit: '/s',
        shape: 'bars',
        labels: ['colloquy rebuild', 'bare ordered consumer', 'bare insert'],
        series: [
          {
            name: 'records per second',
            colour: COLOURS.good,
            values: [rebuiltRecordsPerSecond, bareConsumerRecordsPerSecond, bareInsertRecordsPerSecond],
          },
        ],
      },
    ],
    notes: [
      `${rebuilt.length} rounds, the three alternately. Rebuild: colloquy rebuild of all tables while the system is running and idle, `
        + 'from the start of the command to the table swap; the gate then checks the rebuilt tables.',
      `Bare consumer: reads LOG in order to its end (${FETCH_AHEAD_MAX} messages ahead) and ignores the content. Bare insert: writes the `
        + `prepared rows of ${Math.round(records * share)} records into all tables of another database, table by table, ${INSERT_ROWS} `
        + 'rows of JSON per insert. Each is a single process and an upper limit for a rebuild.',
    ],
  }
}

/** @returns records per second */
async function readAll({ js }: BenchSystem): Promise<number> {
  const consumer = await js.consumers.get('LOG', { filter_subjects: ['log.>'] })
  const startedMs = performance.now()
  let count = 0
  const messages = await consumer.consume({ max_messages: FETCH_AHEAD_MAX })
  using _ = endIfIdle(messages, CAUGHT_UP_MS_MAX, () => `the bare consumer has read ${count} records of LOG and gets no more`)
  for await (const message of messages) {
    count += 1
    if (message.info.pending === 0) break
  }
  return (count / (performance.now() - startedMs)) * 1_000
}

/** Rows of a table as JSON, one buffer per insert. */
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
  const startedMs = performance.now()
  for (const [table, pieces] of rows) {
    for (const piece of pieces) {
      const values = Readable.from([piece], { objectMode: false })
      const { stream } = await scratch.exec({ query: `INSERT INTO ${rowsTable(table)} FORMAT JSONEachRow`, values })
      for await (const _ of stream) {
        /* Reads the empty answer to its end: only then is the insert complete. */
      }
    }
  }
  return performance.now() - startedMs
}

const rebuiltSchema = z.object({ records: z.number().positive(), seconds: z.number().positive() })

/** Runs the `rebuild` command, as an operator does. @throws ColloquyError `rebuild_failed` */
async function rebuild({ environment }: BenchSystem): Promise<z.infer<typeof rebuiltSchema>> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith(PREFIX))
  try {
    const env = { ...Object.fromEntries(inherited), ...environment }
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'rebuild', '--json'], { env, timeout: REBUILD_MS_MAX })
    return rebuiltSchema.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''))
  } catch (cause) {
    throw new ColloquyError('rebuild_failed', `colloquy rebuild failed: ${messageOf(cause)}`, { cause })
  }
}
