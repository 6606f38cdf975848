import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SHAPES } from '../../../../bench/eval/trend-series.ts'
import { trendRows } from '../../../../infra/reporting/trends/trend-rows.ts'
import { deskKind } from '../../../support/analyst-kind.ts'
import { cliJson, runCli } from '../../../support/run-cli.ts'
import { caughtUp, publishAll, rows } from '../../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../../support/test-system.ts'

const TENANT = 'weeks'
const HOUR_MS = 3_600_000
const WEEK_HOURS = 168
const HOURS = 4 * WEEK_HOURS
const SEQ_BASE = 4_000_000_000_000

let dataDir: string
let system: System
/** The end of the last whole hour of the tables, when the rows were made. */
let endMs: number
const counts = SHAPES[0]?.counts(7, HOURS) ?? []

beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir, kinds: [deskKind] })
  await publishAll(system, [
    { subject: `in.${TENANT}.desk.one`, body: { type: 'message.received', data: { role: 'user', text: 'delivery' } } },
    { subject: 'in.young.desk.one', body: { type: 'message.received', data: { role: 'user', text: 'delivery' } } },
  ])
  await caughtUp(system)
  const [fresh] = await rows<{ at: string }>(system, 'SELECT toString(toStartOfHour(max(complete_to))) AS at FROM freshness')
  endMs = Date.parse(`${fresh?.at.slice(0, 19).replace(' ', 'T')}Z`)
  // Rows that the log knows nothing of: no test waits for weeks to be over.
  await system.running.client?.insert({ table: 'events_rows', format: 'JSONEachRow', values: eventRows() })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

const clickHouseTime = (ms: number): string => new Date(ms).toISOString().slice(0, 23).replace('T', ' ')

function eventRows(): object[] {
  let seq = SEQ_BASE
  const row = (type: string, time: number, committedAt: number, more: object = {}): object => ({
    tenant: TENANT,
    kind: 'desk',
    actor: 'one',
    case_no: 1,
    history: false,
    machine: 'desk@1',
    seq: seq++,
    idx: 0,
    outcome: 'committed',
    type,
    time: clickHouseTime(time),
    committed_at: clickHouseTime(committedAt),
    data: {},
    data_raw: '{}',
    ...more,
  })
  const startMs = endMs - HOURS * HOUR_MS
  // Each came an hour after it happened, as an import does; the last ones came in the hour that is not over.
  const counted = counts.flatMap((count, hour) =>
    Array.from({ length: count }, (_, index) => {
      const at = startMs + hour * HOUR_MS + Math.floor((index * HOUR_MS) / count)
      return row('order.placed', at, at + HOUR_MS)
    }),
  )
  const rare = Array.from({ length: 30 }, (_, index) => row('case.closed', endMs - 1 - index * 60_000, endMs - 1 - index * 60_000))
  return [
    ...counted,
    ...rare,
    // A clock of a year ahead counts when its input was decided.
    row('clock.ahead', endMs + 365 * 24 * HOUR_MS, endMs - 2 * HOUR_MS),
    row('order.placed', startMs, startMs, { history: true }),
    row('order.placed', startMs, startMs, { outcome: 'rejected' }),
    row('order.placed', startMs, startMs, { tenant: 'other' }),
  ]
}

interface Line {
  readonly about: string
  readonly type: string | null
  readonly hour: string | null
  readonly [column: string]: unknown
}
/** The end of the period, so that an hour that ends while the test runs changes nothing. */
const end = (): string => new Date(endMs).toISOString()

test('"colloquy questions trends" shows what rises, what was unusual, and a forecast of the next week', async () => {
  const lines = await cliJson<Line>(['questions', 'trends', '--tenant', TENANT, '--kind', 'desk', '--to', end(), '--json'], { dataDir })
  const series = lines.filter(({ about }) => about === 'series')
  // What is new leads what has many events.
  expect(series[0]).toMatchObject({ total: true, kind: null, type: null })
  expect(series[1]).toMatchObject({ type: 'case.closed', events: 30, usual: 0 })
  expect(series.find(({ type }) => type === 'clock.ahead')).toMatchObject({ total: false, events: 1 })
  expect(series.find(({ type }) => type === 'order.placed')).toMatchObject({ weeks: 4, covered: expect.any(Number) as unknown })
  const forecast = lines.filter(({ about }) => about === 'forecast')
  expect(forecast).toHaveLength(WEEK_HOURS)
  expect(forecast[0]?.hour).toBe(new Date(endMs).toISOString().replace('.000', ''))
})

test('the trends of one type are those of its counts, however late its events came, without history and refused ones', async () => {
  const flags = ['--tenant', TENANT, '--kind', 'desk', '--type', 'order.placed', '--to', end(), '--tz', 'Asia/Shanghai']
  const lines = await cliJson<Line>(['questions', 'trends', ...flags, '--json'], { dataDir })
  const start = clickHouseTime(endMs - HOURS * HOUR_MS)
  const expected = trendRows(
    [1, 0].map((total) => ({ total, kind: total ? null : 'desk', type: total ? null : 'order.placed', start, counts })),
    'Asia/Shanghai',
  )
  expect(lines).toEqual(expected.map((row) => ({ ...row, hour: row.hour === null ? null : `${row.hour.replace(' ', 'T')}Z` })))
  expect(lines[0]).toMatchObject({ weeks: 4, events: counts.slice(-24).reduce((sum, count) => sum + count, 0) })
})

test('too few weeks have no forecast, and the command says so; an unknown type is named with those that there are', async () => {
  const young = await runCli(['questions', 'trends', '--tenant', 'young', '--json'], { dataDir })
  expect(young.stderr).toContain('there is no forecast yet: it needs 2 weeks of counts, and there are 0 whole weeks')
  expect(
    young.stdout
      .trim()
      .split('\n')
      .every((line) => line.includes('"about":"series"')),
  ).toBe(true)
  const unknown = await runCli(['questions', 'trends', '--tenant', TENANT, '--type', 'oder.placed'], { dataDir })
  expect(unknown.code).toBe(0)
  expect(unknown.stderr).toContain('no event has the type "oder.placed"; did you mean "order.placed"?')
})

test('the week before is there to compare with', async () => {
  const flags = ['--tenant', TENANT, '--to', end(), '--from', new Date(endMs - 336 * HOUR_MS).toISOString(), '--compare', 'previous']
  const lines = await cliJson<Line & { previous: object | null }>(['questions', 'trends', ...flags, '--json'], { dataDir })
  expect(lines.find(({ about }) => about === 'forecast')?.previous).toMatchObject({ mean: expect.any(Number) as unknown })
})
