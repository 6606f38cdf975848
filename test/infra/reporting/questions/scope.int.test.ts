import { rm } from 'node:fs/promises'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectToRunningClickHouse } from '../../../../infra/app/connect-to-running.ts'
import { startOfDay } from '../../../../infra/reporting/calendar/time-zone.ts'
import { askQuestion } from '../../../../infra/reporting/questions/ask-question.ts'
import { QUESTION_NAMES } from '../../../../infra/reporting/questions/questions.ts'
import { deskKind } from '../../../support/analyst-kind.ts'
import type { CaseFact } from '../../../support/question-facts.ts'
import { rowsOfCase } from '../../../support/question-weeks.ts'
import { cliJson, runCli } from '../../../support/run-cli.ts'
import { caughtUp, publishAll } from '../../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../../support/test-system.ts'

const TENANTS = ['acme', 'zones']
const HOUR_MS = 3_600_000

let dataDir: string
let system: System
let analyst: ClickHouseClient

beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir, kinds: [deskKind] })
  analyst = createClient(await connectToRunningClickHouse(system.settings, 'analyst'))
  const say = (tenant: string) => ({
    subject: `in.${tenant}.desk.a1`,
    body: { type: 'message.received', data: { role: 'user', text: 'delivery' } },
  })
  await publishAll(system, TENANTS.map(say))
  await caughtUp(system)
  // Cases of other years, of which the log knows nothing.
  const values = cases.flatMap((one, index) => rowsOfCase('zones', one, index))
  await system.running.client?.insert({ table: 'cases_rows', format: 'JSONEachRow', values })
})
afterAll(async () => {
  await analyst.close()
  await system.stop()
  await rm(dataDir, { recursive: true })
})

/** A case every 25 minutes of three weeks around each change of New York's clocks, closed 70 minutes later. */
const cases: CaseFact[] = ['2025-03-01T00:00:00Z', '2025-10-25T00:00:00Z'].flatMap((start, season) =>
  Array.from({ length: (21 * 24 * 60) / 25 }, (_, index): CaseFact => {
    const openedAt = Date.parse(start) + index * 25 * 60_000
    return {
      actor: `zones/desk/z${season}-${index}`,
      openedAt,
      committedAt: openedAt,
      closedAt: openedAt + 70 * 60_000,
      outcome: 'resolved',
      agentMessages: 0,
      userMessages: 1,
      firstMachine: 'desk@1',
      lastMachine: 'desk@1',
    }
  }),
)

/** A day and an hour as the clocks of a zone show them, by the formatter that people see. */
const formatter = (zone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'long' })

describe.each(['UTC', 'America/New_York', 'Asia/Shanghai', 'Asia/Kathmandu', 'America/St_Johns'])('in %s', (tz) => {
  const clock = formatter(tz)
  const dayAt = (at: number): string => clock.format(at).slice(0, 10)
  const closedAt = cases.map((one) => one.closedAt ?? 0)
  // From midnight to midnight there, sought minute by minute.
  const midnight = (day: string, near: string): Date => {
    let at = Date.parse(near) - 20 * HOUR_MS
    while (dayAt(at) < day) at += 60_000
    return new Date(at)
  }

  test.each([
    ['2025-03-03', '2025-03-17'],
    ['2025-10-27', '2025-11-10'],
  ])('days from %s to %s are those of its calendar', async (first, last) => {
    const [from, to] = [midnight(first, `${first}T00:00:00Z`), midnight(last, `${last}T00:00:00Z`)]
    const expected = new Map<string, number>()
    for (const at of closedAt) {
      if (at >= from.getTime() && at < to.getTime()) expected.set(dayAt(at), (expected.get(dayAt(at)) ?? 0) + 1)
    }
    const [all, ...days] = await askQuestion(analyst, 'containment', { tenant: 'zones', tz, from, to })
    expect(days.map(({ day, closed }) => [day, closed])).toEqual([...expected])
    expect([days.length, all?.closed]).toEqual([14, [...expected.values()].reduce((sum, count) => sum + count, 0)])

    const flags = ['questions', 'containment', '--tenant', 'zones', '--tz', tz, '--from', first, '--to', last]
    expect(await cliJson(flags, { dataDir })).toEqual([all, ...days])
  })

  test('hours are those of its clocks, and columns stay in UTC', async () => {
    const [from, to] = [midnight('2025-11-02', '2025-11-02T00:00:00Z'), midnight('2025-11-03', '2025-11-03T00:00:00Z')]
    // A new hour begins where the hour or the offset that a clock shows changes.
    const hourAt = (at: number): string => `${clock.format(at).slice(0, 13)}${clock.format(at).slice(19)}`
    const starts: number[] = []
    for (let at = from.getTime(); at < to.getTime(); at += 60_000) if (hourAt(at) !== hourAt(at - 60_000)) starts.push(at)
    const expected = starts.map((start, index) => {
      const end = starts[index + 1] ?? to.getTime()
      const within = (at: number): boolean => at >= start && at < end
      return {
        hour: new Date(start).toISOString().replace('.000', ''),
        opened: cases.filter(({ openedAt }) => within(openedAt)).length,
        closed: closedAt.filter(within).length,
        open: cases.filter((one) => one.openedAt < end && (one.closedAt ?? 0) >= end).length,
      }
    })
    const rows = await askQuestion(analyst, 'backlog', { tenant: 'zones', tz, from, to })
    expect(rows.map(({ hour, opened, closed, open }) => ({ hour, opened, closed, open }))).toEqual(expected)
    expect(rows.length).toBe(tz === 'America/New_York' || tz === 'America/St_Johns' ? 25 : 24)
  })
})

test('a day of --from and --to begins where a day of the queries does, whatever clocks do at midnight', async () => {
  // Not Africa/Casablanca: Node and ClickHouse have their own lists of rules, and those of Morocco changed lately.
  const zones = ['Africa/Cairo', 'America/Havana', 'America/Santiago', 'Asia/Beirut', 'Australia/Lord_Howe']
  const days = Array.from({ length: 730 }, (_, index) => Date.parse('2025-01-01') / (24 * HOUR_MS) + index)
  const query = `SELECT arrayMap(at -> [toString(toDate(fromUnixTimestamp64Milli(at - 1), {tz:String})),
    toString(toDate(fromUnixTimestamp64Milli(at), {tz:String}))], {starts:Array(Int64)}) AS days`
  const text = (day: number): string => new Date(day * 24 * HOUR_MS).toISOString().slice(0, 10)
  for (const tz of [...zones, 'Pacific/Chatham', 'Asia/Kathmandu']) {
    const starts = days.map((day) => startOfDay(day, tz).getTime())
    const result = await analyst.query({ query, query_params: { tz, starts }, format: 'JSONEachRow' })
    const [row] = await result.json<{ days: string[][] }>()
    expect([tz, row?.days]).toEqual([tz, days.map((day) => [text(day - 1), text(day)])])
  }
})

test('a kind is looked up in the index', async () => {
  for (const kind of ['desk', '']) {
    const query = `EXPLAIN indexes = 1 SELECT count() FROM cases WHERE tenant = 'zones' AND ({kind:String} = '' OR kind = {kind:String})`
    const result = await analyst.query({ query, query_params: { kind }, format: 'JSONEachRow' })
    const text = (await result.json<{ explain: string }>()).map(({ explain }) => explain).join('\n')
    expect(text).toContain(kind === '' ? 'Condition: (tenant in' : "(kind in ['desk', 'desk'])")
  }
})

test('--compare previous gives both values and the change, for as many days before', async () => {
  const flags = ['--tenant', 'zones', '--tz', 'America/New_York', '--from', '2025-03-10', '--to', '2025-03-17', '--compare', 'previous']
  const compared = await cliJson<Record<string, unknown>>(['questions', 'containment', ...flags], { dataDir })
  // 168 hours, and a week of 167 hours before.
  const closed = (from: string, to: string): number =>
    cases.filter((one) => (one.closedAt ?? 0) >= Date.parse(from) && (one.closedAt ?? 0) < Date.parse(to)).length
  const now = closed('2025-03-10T04:00:00Z', '2025-03-17T04:00:00Z')
  const before = closed('2025-03-03T05:00:00Z', '2025-03-10T04:00:00Z')
  expect(compared[0]).toMatchObject({ total: true, closed: now, previous: { closed: before }, change: { closed: now - before } })
  expect(compared[7]).toMatchObject({ day: '2025-03-16', previous: { day: '2025-03-09' }, change: { containment_rate: 0 } })
  expect(compared.length).toBe(8)

  const { stdout, stderr } = await runCli(['questions', 'containment', ...flags], { dataDir })
  expect(stderr).toContain(
    '2025-03-10T00:00:00-04:00 to 2025-03-17T00:00:00-04:00, compared with 2025-03-03T00:00:00-05:00 to 2025-03-10T00:00:00-04:00',
  )
  const lines = stdout.trim().split('\n')
  expect([lines.length, lines[0]]).toEqual([25, expect.stringMatching(/^period\ttotal\tday\t/)])
  const at = lines[0]?.split('\t').indexOf('closed') ?? 0
  expect(lines.slice(1, 4).map((line) => [line.split('\t')[0], line.split('\t')[at]])).toEqual([
    ['this', String(now)],
    ['previous', String(before)],
    ['change', `+${now - before}`],
  ])
})

test('the report takes the same flags, and says what it compares', async () => {
  const flags = ['--tenant', 'zones', '--kind', 'desk', '--tz', 'Asia/Shanghai', '--from', '2025-03-10', '--to', '2025-03-17', '--out', '-']
  const { stdout: page } = await runCli(['report', ...flags, '--compare', 'previous'], { dataDir })
  expect(page).toContain('All times are in the time zone Asia/Shanghai.')
  expect(page).toMatch(/<dt>Kind<\/dt>\s*<dd>desk<\/dd>/)
  expect(page).toMatch(/<dt>Compared with<\/dt>\s*<dd>3 Mar 2025, 00:00 to 10 Mar 2025, 00:00<\/dd>/)
  expect(page).toMatch(/The period before: \d/)
  expect(page).toMatch(/<small>\d+ · [+−±]\d+<\/small>/)
  const file = `${dataDir}/report.html`
  const [written] = await cliJson(['report', ...flags.slice(0, -1), file, '--compare', 'previous'], { dataDir })
  expect(written).toEqual({
    file,
    tenant: 'zones',
    kind: 'desk',
    tz: 'Asia/Shanghai',
    from: '2025-03-09T16:00:00.000Z',
    to: '2025-03-16T16:00:00.000Z',
    previous: { from: '2025-03-02T16:00:00.000Z', to: '2025-03-09T16:00:00.000Z' },
  })
})

test('a tenant, a kind or a zone that is not there is an error that names those that are', async () => {
  const failure = async (...flags: string[]): Promise<[number | null, string]> => {
    const { code, stderr } = await runCli(['questions', 'cost', ...flags], { dataDir })
    return [code, stderr]
  }
  expect(await failure()).toEqual([1, expect.stringMatching(/choose one with --tenant: acme, zones\ncode: which_tenant/)])
  expect(await failure('--tenant', 'acne')).toEqual([
    1,
    expect.stringMatching(/no record of tenant "acne"; did you mean "acme"\? tenants with records: acme, zones\ncode: no_such_tenant/),
  ])
  expect(await failure('--tenant', 'acme', '--kind', 'dsek')).toEqual([
    1,
    expect.stringMatching(/tenant "acme" has no record of kind "dsek"; did you mean "desk"\? its kinds: desk\ncode: no_such_kind/),
  ])
  expect(await failure('--tenant', 'acme', '--tz', 'Asia/Shangai')).toEqual([1, expect.stringContaining('Did you mean Asia/Shanghai?')])
  expect(await failure('--tenant', 'acme', '--tz', '+08:00')).toEqual([1, expect.stringContaining('name of a time zone')])
  expect(await failure('--tenant', 'acme', '--tz', 'America/Coyhaique')).toEqual([1, expect.stringContaining('code: no_such_time_zone')])
  expect((await runCli(['report', '--tenant', 'acne'], { dataDir })).code).toBe(1)
  // Whatever its case.
  expect(await failure('--tenant', 'acme', '--tz', 'asia/kathmandu')).toEqual([0, ''])
})

test('the only tenant is the default', async () => {
  const database = 'colloquy_first'
  await cliJson(['rebuild', '--into', database, '--to', '1'], { dataDir })
  const rows = await cliJson(['questions', 'first-response', '--database', database], { dataDir })
  expect(rows[0]).toMatchObject({ total: true, cases: 1 })
})

test('every question takes a kind', async () => {
  const scope = { tenant: 'zones', from: new Date('2025-03-01'), to: new Date('2025-03-20') }
  for (const name of QUESTION_NAMES) {
    const all = await askQuestion(analyst, name, scope)
    expect([name, await askQuestion(analyst, name, { ...scope, kind: 'desk' })]).toEqual([name, all])
  }
  const [none] = await askQuestion(analyst, 'containment', { ...scope, kind: 'support' })
  expect(none).toMatchObject({ total: true, cases: 0, containment_rate: null })
})
