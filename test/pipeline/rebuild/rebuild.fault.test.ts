import { rm } from 'node:fs/promises'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectToRunningClickHouse, withJetStream } from '../../../infra/app/connect-to-running.ts'
import { openBucket } from '../../../infra/app/prepare-streams.ts'
import { pendingTables } from '../../../infra/app/rebuild/pending-rebuild.ts'
import { LATEST_VERSION } from '../../../infra/app/table-migrations.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { loadState, type RebuildState } from '../../../pipeline/projector/rebuild-state.ts'
import { TABLE_NAMES, TABLES } from '../../../schemas/tables.ts'
import { cliJson, type CliProcess, runCli, startCli, startUp } from '../../support/run-cli.ts'
import { settingsFor, temporaryFolder } from '../../support/test-system.ts'

let dataDir: string
const clients: ClickHouseClient[] = []
const running: CliProcess[] = []
beforeEach(async () => {
  dataDir = await temporaryFolder()
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
  for (const up of running.splice(0)) {
    up.signal('SIGTERM')
    await up.ended
  }
  await rm(dataDir, { recursive: true, force: true })
})

const INPUTS = 600
const settings = () => loadSettings({}, settingsFor(dataDir)).settings

async function start(): Promise<CliProcess> {
  const up = await startUp({ dataDir }, '--no-demo')
  running.push(up)
  return up
}

/** Starts a system, publishes conversations, and waits until all stages have caught up. */
async function startFilled(): Promise<CliProcess> {
  const up = await startUp({ dataDir }, '--no-demo')
  running.push(up)
  const nc = await connect({ servers: up.addresses.natsUrl })
  const js = jetstream(nc)
  await Promise.all(
    Array.from({ length: INPUTS }, (_, i) =>
      js.publish(
        `in.acme.support.c${i % 40}`,
        JSON.stringify({
          type: 'message.received',
          id: `m-${i}`,
          data: { role: 'user', text: i % 2 === 0 ? 'How long does shipping take?' : '我要退款' },
        }),
      ),
    ),
  )
  await nc.close()
  await runCli(['status', '--wait'], { dataDir })
  return up
}

async function client(): Promise<ClickHouseClient> {
  const created = createClient(await connectToRunningClickHouse(settings(), 'colloquy'))
  clients.push(created)
  return created
}

async function query<Row>(sql: string): Promise<Row[]> {
  const clickhouse_settings = { output_format_json_quote_64bit_integers: 0 } as const
  const result = await (await client()).query({ query: sql, format: 'JSONEachRow', clickhouse_settings })
  return result.json<Row>()
}

const everything = async () =>
  Object.fromEntries(
    await Promise.all(
      TABLE_NAMES.map(async (name) => [name, await query(`SELECT * FROM ${name} ORDER BY ${TABLES[name].orderBy.join(', ')}`)] as const),
    ),
  )
const phase = (): Promise<RebuildState['phase'] | undefined> =>
  withJetStream(settings(), async (jetstream) => (await loadState(await openBucket(jetstream.nc)))?.state.phase)

test('killing the projector repeatedly during a table swap never swaps only some tables, and a rebuild succeeds afterwards', async () => {
  let up = await startFilled()
  const before = await everything()
  for (const waitMs of [0, 5, 20, 80]) {
    const rebuild = startCli(['rebuild'], { dataDir })
    await expect.poll(phase, { interval: 2 }).not.toBe('filling')
    await new Promise((resume) => setTimeout(resume, waitMs))
    up.signal('SIGKILL')
    await up.ended
    running.splice(0)
    up = await start()
    const generations = await query<{ generation: number }>('SELECT max(generation) AS generation FROM generations GROUP BY name')
    expect(new Set(generations.map(({ generation }) => generation)).size).toBeLessThanOrEqual(1)
    expect(await everything()).toEqual(before)
    rebuild.signal('SIGKILL')
    await rebuild.ended
  }
  expect((await runCli(['rebuild'], { dataDir })).stdout).toMatch(/swapped them in/)
  expect(await everything()).toEqual(before)
  expect((await runCli(['verify'], { dataDir })).code).toBe(0)
}, 360_000)

test('a rebuild that is cancelled by Ctrl-C leaves the tables and the disk unchanged', async () => {
  await startFilled()
  const before = await everything()
  const rebuild = startCli(['rebuild'], { dataDir })
  await expect.poll(phase, { interval: 2 }).toBe('filling')
  rebuild.signal('SIGINT')
  const { code, stderr } = await rebuild.ended
  if (code !== 0) expect(stderr).toMatch(/the tables are unchanged[^]*code: rebuild_given_up/)
  expect(await everything()).toEqual(before)
  const [{ generations = 0 } = {}] = await query<{ generations: number }>(`
    SELECT uniqExact(extract(partition, '^\\\\((\\\\d+),')) AS generations
    FROM system.parts WHERE active AND database = 'colloquy' AND table = 'events_rows'`)
  expect(generations).toBe(1)
})

test('the next start rebuilds the tables that a migration requires', async () => {
  const up = await startFilled()
  const before = await everything()
  const clickhouse = await client()
  await clickhouse.command({ query: 'TRUNCATE TABLE turns_rows' })
  const at = new Date().toISOString().slice(0, 23).replace('T', ' ')
  const migration = { version: LATEST_VERSION, name: 'as if just done', rebuild: TABLE_NAMES, seq: 1, at }
  await clickhouse.insert({ table: 'migrations', format: 'JSONEachRow', values: [migration] })
  expect(await pendingTables(clickhouse)).toEqual(TABLE_NAMES)
  up.signal('SIGTERM')
  await up.ended
  running.splice(0)
  await start()
  await expect.poll(async () => pendingTables(await client()), { timeout: 60_000, interval: 200 }).toEqual([])
  expect(await everything()).toEqual(before)
  expect(await cliJson(['verify'], { dataDir })).toMatchObject([{ first: [] }])
})
