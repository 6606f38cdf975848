import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fillTables } from '../../../../bench/scenarios/analyst-rows.ts'
import { analystLimitsDefault } from '../../../../infra/servers/clickhouse/clickhouse-config.ts'
import { type ClickHouse, startClickHouse } from '../../../../infra/servers/clickhouse/clickhouse-server.ts'
import { rowsTable } from '../../../../schemas/ddl.ts'
import { expandSql, sqlQueries } from '../../../support/grafana-queries.ts'

const PANELS = 16
const PEOPLE = 3
const ROWS_PER_SECOND = 1_000
const INSERT_EVERY_MS = 100
const slots = analystLimitsDefault.queriesMax
const WAIT_MS_MAX = 10_000
// The engine does not notice that a client has gone while it runs this.
const joining = 'SELECT count() FROM numbers(100000000) AS a JOIN numbers(100000) AS b ON a.number % 10 = b.number % 10'
// It sleeps: what waits behind it must not wait for the processors as well.
const endless = 'SELECT sum(sleepEachRow(0.1)) FROM numbers(1000000) SETTINGS max_block_size = 1'

let dataDir: string
let server: ClickHouse
let internal: ClickHouseClient

interface Answer {
  status: number
  code: string | null
  retryAfter: string | null
  text: string
  ms: number
}

async function ask(query: string, parameters: Record<string, string> = {}, signal?: AbortSignal): Promise<Answer> {
  const startMs = performance.now()
  const search = new URLSearchParams({ user: 'analyst', ...parameters })
  const response = await fetch(`${server.url}/?${search.toString()}`, { method: 'POST', body: query, ...(signal && { signal }) })
  const { status, headers } = response
  const text = await response.text()
  const [code, retryAfter] = [headers.get('x-clickhouse-exception-code'), headers.get('retry-after')]
  return { status, code, retryAfter, text, ms: performance.now() - startMs }
}

const metric = async (name: string): Promise<number> => {
  const result = await internal.query({ query: `SELECT value FROM system.metrics WHERE metric = '${name}'`, format: 'JSONEachRow' })
  return Number((await result.json<{ value: string }>())[0]?.value)
}
const waiting = (): Promise<number> => metric('ConcurrentQueryScheduled')
const running = (): Promise<number> => metric('ConcurrentQueryAcquired')

/** Fills all slots until the end of the callback, which gets the answers to the queries that hold them. */
async function whileFull(todo: (answers: Promise<Answer>[]) => Promise<void>): Promise<void> {
  const answers = Array.from({ length: slots }, (_, index) => ask(endless, { query_id: `long-${index}` }))
  await expect.poll(running).toBe(slots)
  try {
    await todo(answers)
  } finally {
    for (let index = 0; index < slots; index += 1) await ask(`KILL QUERY WHERE query_id = 'long-${index}'`)
    await Promise.all(answers)
  }
}

/** Inserts the rows that are due, again and again, as the projector does. Resolves after the signal. */
async function insertSteadily(stop: AbortSignal): Promise<{ rows: number; seconds: number }> {
  const row = { tenant: 'shop', kind: 'support', machine: 'support@1', actor: 'new', case_no: 1 }
  const startMs = performance.now()
  let rows = 0
  for (;;) {
    await sleep(INSERT_EVERY_MS)
    const fromMs = performance.now()
    const due = Math.floor(((fromMs - startMs) / 1_000) * ROWS_PER_SECOND) - rows
    const values = Array.from({ length: due }, (_, index) => ({ ...row, seq: rows + index, committed_at: Date.now() }))
    await internal.insert({ table: rowsTable('events'), values, format: 'JSONEachRow' })
    rows += due
    if (stop.aborted) return { rows, seconds: (fromMs - startMs) / 1_000 }
  }
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-queue-'))
  server = await startClickHouse({ dataDir, port: 0, log: pino({ level: 'silent' }) })
  internal = createClient({ url: server.engineUrl, username: server.username, password: server.password })
  await fillTables(internal, { tenant: 'shop', cases: 10_000, now: new Date() })
}, 60_000)

afterAll(async () => {
  await internal.close()
  await server.stop()
  await rm(dataDir, { recursive: true })
})

describe('queries of analysts', () => {
  it('are all answered when three people open a dashboard of 16 panels, while 1,000 rows a second arrive', async () => {
    const to = new Date()
    const time = { from: new Date(to.getTime() - 30 * 86_400_000), to, intervalMs: 3_600_000 }
    const panels = sqlQueries.slice(0, PANELS).map(({ text }) => `${expandSql(text, { tenant: 'shop' }, time)} FORMAT Native`)
    expect(panels).toHaveLength(PANELS)

    const stop = new AbortController()
    const inserting = insertSteadily(stop.signal)
    const answers = await Promise.all(Array.from({ length: PEOPLE }, () => panels).flatMap((queries) => queries.map((query) => ask(query))))
    stop.abort()
    const { rows, seconds } = await inserting

    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(WAIT_MS_MAX)
    expect(rows / seconds).toBeGreaterThan(0.9 * ROWS_PER_SECOND)
  }, 60_000)

  it('wait for their turn; Colloquy itself, KILL and the list of processes do not', async () => {
    await whileFull(async () => {
      const waits = ask('SELECT 1')
      await expect.poll(waiting).toBe(1)
      await internal.query({ query: 'SELECT 1' })
      expect((await ask('SHOW PROCESSLIST')).text.trim().split('\n')).toHaveLength(slots + 1)
      await ask("KILL QUERY WHERE query_id = 'long-0'")
      expect(await waits).toMatchObject({ status: 200, text: '1\n' })
    })
  })

  it('are refused with advice when they waited for ten seconds, and nothing of them is left', async () => {
    await whileFull(async () => {
      const { ms, ...refused } = await ask('SELECT 1', { query_id: 'mine' })
      expect(refused).toEqual({
        status: 503,
        code: '202',
        retryAfter: '5',
        text: expect.stringMatching(
          /^Code: 202\. DB::Exception: .* Try again in 5 seconds\..*\(TOO_MANY_SIMULTANEOUS_QUERIES\)\n$/,
        ) as string,
      })
      expect(ms).toBeGreaterThan(WAIT_MS_MAX - 100)
      expect(ms).toBeLessThan(2 * WAIT_MS_MAX)
    })
    await expect.poll(waiting).toBe(0)
    await expect.poll(running).toBe(0)
  }, 60_000)

  it('are refused at once when too many wait already', async () => {
    await whileFull(async () => {
      const leave = new AbortController()
      const queued = Array.from({ length: 256 }, () => ask('SELECT 1', {}, leave.signal).catch(() => undefined))
      await expect.poll(waiting, { timeout: 9_000 }).toBe(256)
      expect(await ask('SELECT 1')).toMatchObject({ status: 503, code: '202', retryAfter: '5' })
      leave.abort()
      await Promise.all(queued)
    })
    await expect.poll(waiting).toBe(0)
  }, 60_000)

  it('that nobody waits for any more give up their turn', async () => {
    await whileFull(async () => {
      const leave = new AbortController()
      const gone = ask(joining, { query_id: 'gone' }, leave.signal).catch(() => 'left')
      await expect.poll(waiting).toBe(1)
      leave.abort()
      expect(await gone).toBe('left')
      await ask("KILL QUERY WHERE query_id = 'long-0'")
      await expect.poll(waiting).toBe(0)
      await expect.poll(async () => (await ask('SHOW PROCESSLIST')).text, { timeout: 10_000 }).not.toContain('gone')
      expect((await ask('SELECT 1')).text).toBe('1\n')
    })
  }, 30_000)
})

it('a stop lets the running queries end first', async () => {
  const three = 'SELECT sum(sleepEachRow(1)) FROM numbers(2)'
  const answers = Array.from({ length: slots }, () => ask(three))
  await expect.poll(running).toBe(slots)
  await server.stop()
  expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(Array.from({ length: slots }, () => '0\n'))
})
