import { existsSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createSupport } from '../../../../actors/kinds/support/kind.ts'
import { loadArticles } from '../../../../actors/kinds/support/knowledge.ts'
import { connectToRunningClickHouse } from '../../../../infra/app/connect-to-running.ts'
import { askQuestion, readFreshness, type Scope } from '../../../../infra/reporting/questions/ask-question.ts'
import { loadQuestion, QUESTION_NAMES } from '../../../../infra/reporting/questions/questions.ts'
import { questionsPage } from '../../../../infra/reporting/questions/questions-page.ts'
import { openConversations } from '../../../../pipeline/ingest/conversations/conversation-file.ts'
import { importConversations } from '../../../../pipeline/ingest/conversations/import-conversations.ts'
import { deskKind, SILENCE_MS } from '../../../support/analyst-kind.ts'
import { judge } from '../../../support/judge-setup.ts'
import { expectedAnswers, type Period } from '../../../support/question-answers.ts'
import { factsOf } from '../../../support/question-facts.ts'
import { eventsOfCase, rowsOfCase, weeksOfCases } from '../../../support/question-weeks.ts'
import { cliJson, runCli } from '../../../support/run-cli.ts'
import { caughtUp, type Entry, publishAll, readLog, rows } from '../../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../../support/test-system.ts'

/** Real conversations, which are not part of the project; where they are missing those of the demo do. */
const REAL = fileURLToPath(new URL('../../../../../shared/data/conversations.jsonl.gz', import.meta.url))
const DEMO = fileURLToPath(new URL('../../../../infra/demo/conversations.jsonl', import.meta.url))
const CONVERSATIONS_MAX = 60
const TENANT = 'shop'
/** No actor here raises an alert, writes a text or hands a case to a person; trigger.int, writer.int and desk.int ask these questions. */
const WITHOUT_ROWS = ['alerts', 'strategies', 'wait-for-a-person', 'agents', 'sla']
/** Trends need weeks of events; trends.int asks for them. */
const ASKED = QUESTION_NAMES.filter((name) => name !== 'trends')
const HOUR_MS = 3_600_000

let dataDir: string
let system: System
let analyst: ClickHouseClient
let startedAt: number

beforeAll(async () => {
  dataDir = await temporaryFolder()
  const support = createSupport({ articles: loadArticles(), silenceMs: SILENCE_MS })
  system = await startSystem({ dataDir, kinds: [support, deskKind] })
  startedAt = Date.now()
  await play()
  analyst = createClient(await connectToRunningClickHouse(system.settings, 'analyst'))
})
afterAll(async () => {
  await analyst.close()
  await system.stop()
  await rm(dataDir, { recursive: true })
})

/** Real conversations as history and live, and a desk where everything happens that the questions ask about. */
async function play(): Promise<void> {
  const lines = (existsSync(REAL) ? gunzipSync(readFileSync(REAL)).toString('utf8') : readFileSync(DEMO, 'utf8')).trim().split('\n')
  const every = Math.max(1, Math.floor(lines.length / CONVERSATIONS_MAX))
  const some = lines.filter((_, index) => index % every === 0).slice(0, CONVERSATIONS_MAX)
  const path = join(dataDir, 'some.jsonl')
  await writeFile(path, some.join('\n'))
  const options = {
    nc: system.running.jetstream.nc,
    jetstream: system.running.jetstream,
    kv: system.running.kv,
    kind: 'support',
    name: 'a test',
    replyWaitMs: 20_000,
    conversationsMax: 32,
  }
  await importConversations((await openConversations(path)).pieces, { ...options, tenant: TENANT, mode: 'history' })
  // Half of them go on live after their history, so that an actor has cases of both sorts.
  const live = join(dataDir, 'live.jsonl')
  await writeFile(live, some.map((line, index) => (index % 2 === 0 ? line : line.replace('"id": "', '"id": "live-'))).join('\n'))
  await importConversations((await openConversations(live)).pieces, { ...options, tenant: TENANT, mode: 'live' })
  await playDesk()
  await caughtUp(system)
  await vi.waitFor(async () => expect(await silent()).toBe(true), { timeout: 120_000, interval: 100 })
  await caughtUp(system)
  // Then every message has had its time to be answered in.
  const [last] = await rows<{ at: string }>(system, 'SELECT toString(max(asked_at) + INTERVAL 9 SECOND) AS at FROM turns')
  const isOver = async (): Promise<unknown> =>
    (await rows<{ over: boolean }>(system, `SELECT max(complete_to) > '${last?.at}' AS over FROM freshness`))[0]?.over
  await vi.waitFor(async () => expect(await isOver()).toBeTruthy(), { timeout: 30_000, interval: 100 })
}

/** No timer that closes a case is under way. */
const silent = async (): Promise<boolean> => {
  const [row] = await rows<{ n: number }>(
    system,
    "SELECT count() AS n FROM states WHERE isNull(left_at) AND state IN ('idle', 'open.listening')",
  )
  return row?.n === 0
}

const INTENTS = ['delivery', 'refund', 'size', '退货']

async function playDesk(): Promise<void> {
  const say = (id: string, text: string, more: object = {}) => ({
    subject: `in.${TENANT}.desk.${id}`,
    body: { type: 'message.received', data: { role: 'user', text, ...more } },
  })
  const event = (id: string, type: string, data: object) => ({ subject: `in.${TENANT}.desk.${id}`, body: { type, data } })
  const details = ['flaky please', 'nothing?', 'now', 'fail', 'nothing', 'person']
  const wish = (index: number): string => `${INTENTS[index % INTENTS.length]} ${details[index % 6]}${'!'.repeat(index % 9)}`
  const ids = Array.from({ length: 48 }, (_, index) => `d${index}`)
  const langs = ['en', 'zh']
  await publishAll(
    system,
    ids.map((id, index) =>
      say(id, wish(index), { ...(index % 3 === 0 ? {} : { customer: `customer-${index % 7}` }), lang: langs[index % 2] }),
    ),
  )
  await caughtUp(system)
  await publishAll(
    system,
    ids.flatMap((id, index) => [
      ...(index % 3 === 0
        ? [event(id, 'feedback.given', { rating: 1 + (index % 5), ...(index % 2 === 0 ? { comment: `so "${index}" 好` } : {}) })]
        : []),
      ...(index % 6 === 5 ? [say(id, 'an answer', { role: 'agent' })] : []),
      ...(index % 4 === 3 ? [] : [event(id, 'case.resolved', { outcome: ['resolved', 'escalated_resolved', 'answered'][index % 3] })]),
    ]),
  )
  await caughtUp(system)
  const entries = await log()
  await judgeAnswers(entries)
  await publishAll(
    system,
    answersIn(entries).flatMap(({ entry, id }, index) => {
      const data = { answer: id, thumbs: index % 4 === 0 ? 'down' : 'up' }
      return index % 3 === 0 ? [event(entry.actor.split('/')[2] ?? '', 'feedback.given', data)] : []
    }),
  )
  await caughtUp(system)
  // Some come back, one is refused, and another tenant is not to be seen in any answer.
  await publishAll(system, [
    ...ids.filter((_, index) => index % 4 === 0).map((id, index) => say(id, wish(index + 1))),
    event('d1', 'feedback.given', { rating: 'bad' }),
    { subject: 'in.other.desk.d1', body: { type: 'message.received', data: { role: 'user', text: 'delivery person' } } },
  ])
}

const answersIn = (entries: readonly Entry[]) =>
  entries
    .filter(({ actor }) => actor.startsWith(`${TENANT}/desk/`))
    .flatMap((entry) => entry.record.emitted.filter(({ type }) => type === 'message.sent').map(({ id }) => ({ entry, id })))

/** What the role judge says about each second answer, and again by a newer version about some. */
async function judgeAnswers(entries: readonly Entry[]): Promise<void> {
  for (const [index, { entry }] of answersIn(entries).entries()) {
    for (const version of ['1', '2'].slice(0, index % 2 === 0 ? (index % 6 === 0 ? 2 : 1) : 0)) {
      await judge(system, entry, 'model', version, ((index + Number(version)) % 10) / 10)
    }
  }
}

const log = async (tenant = TENANT) => (await readLog(system)).filter((entry) => entry.actor.startsWith(`${tenant}/`))

const scopeOf = ({ from, to }: Period, tenant = TENANT): Scope => ({ tenant, from: new Date(from), to: new Date(to) })

async function periodOf(from: number, to: number): Promise<Period> {
  return { from, to, completeTo: (await readFreshness(analyst))?.completeTo.getTime() ?? 0 }
}

/** Sorted rows without NULLs, and numbers without their last digits: sums of floats depend on the order of their parts. */
const comparable = (answer: readonly object[]): string[] =>
  answer
    .map((row) =>
      Object.entries(row)
        .filter(([, value]) => value !== null)
        .sort(([a], [b]) => a.localeCompare(b)),
    )
    .map((entries) =>
      JSON.stringify(Object.fromEntries(entries), (_, value: unknown) =>
        typeof value === 'number' ? Number(value.toPrecision(9)) : value,
      ),
    )
    .sort()

test.each(ASKED)('%s: the analyst gets what the records say', async (name) => {
  const facts = factsOf(await log())
  const whole = await periodOf(startedAt - HOUR_MS, startedAt + 100 * HOUR_MS)
  // A period that begins and ends in the midst of it, on the very moments of records.
  const opened = facts.cases.map(({ openedAt }) => openedAt).toSorted((a, b) => a - b)
  const closed = facts.cases.flatMap(({ closedAt }) => closedAt ?? []).toSorted((a, b) => a - b)
  const middle = await periodOf(opened[Math.floor(opened.length / 4)] ?? 0, closed[Math.floor(closed.length * 0.9)] ?? 0)
  for (const period of [whole, middle]) {
    const answer = await askQuestion(analyst, name, scopeOf(period))
    expect(answer.length).toBeGreaterThan(1 - Number(['backlog', 'cache-freshness', ...WITHOUT_ROWS].includes(name)))
    expect(comparable(answer)).toEqual(comparable(expectedAnswers(facts, period)[name]))
  }
})

test.each(ASKED)('%s: the analyst gets what the records of one kind say', async (name) => {
  const entries = await log()
  const period = await periodOf(startedAt - HOUR_MS, startedAt + 100 * HOUR_MS)
  for (const kind of ['desk', 'support']) {
    const facts = factsOf(entries.filter(({ actor }) => actor.startsWith(`${TENANT}/${kind}/`)))
    const answer = await askQuestion(analyst, name, { ...scopeOf(period), kind })
    expect(comparable(answer), kind).toEqual(comparable(expectedAnswers(facts, period)[name]))
  }
})

test('label-funnel: the path may be any of the label', async () => {
  const facts = factsOf(await log())
  const period = await periodOf(startedAt - HOUR_MS, startedAt + HOUR_MS)
  const byIntent = facts.cases.map((one) => ({ ...one, label: { topic: one.label?.['intent'] } }))
  const expected = expectedAnswers({ ...facts, cases: byIntent }, period)['label-funnel']
  expect(expected.length).toBeGreaterThan(3)
  expect(comparable(await askQuestion(analyst, 'label-funnel', { ...scopeOf(period), label: 'intent' }))).toEqual(comparable(expected))
  const [all, ...parts] = await askQuestion(analyst, 'label-funnel', { ...scopeOf(period), label: "no' such.\\path" })
  expect(parts).toEqual([{ ...all, total: false }])
})

test('"colloquy questions label-funnel" names the paths that there are for one that no label has', async () => {
  const ask = (...flags: string[]) => runCli(['questions', 'label-funnel', '--tenant', TENANT, '--json', ...flags], { dataDir })
  const { code, stderr } = await ask('--label', 'intnt')
  expect(code).toBe(0)
  expect(stderr).toContain('no label has a value at "intnt"; did you mean "intent"? paths: act, intent, lang')
  expect((await ask('--label', 'intent')).stderr).not.toContain('paths:')
})

test('"colloquy questions unanswered" joins groups of words by the vectors of the search index, and loses no question', async () => {
  const [from, to] = [startedAt - HOUR_MS, startedAt + HOUR_MS]
  const byWords = await askQuestion(analyst, 'unanswered', scopeOf(await periodOf(from, to)))
  const flags = ['--tenant', TENANT, '--from', new Date(from).toISOString(), '--to', new Date(to).toISOString(), '--json']
  const { code, stdout, stderr } = await runCli(['questions', 'unanswered', ...flags], { dataDir })
  expect([code, stderr]).toEqual([0, ''])
  const [all, ...groups] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as (typeof byWords)[number])
  expect(all).toEqual(byWords[0])
  for (const column of ['asked', 'wordings', 'no_reply'] as const) {
    expect(groups.reduce((sum, group) => sum + group[column], 0)).toBe(all?.[column])
  }
  expect(groups.length).toBeLessThan(byWords.length - 1)
})

test('questions on tables as of a sequence give the answers of that time', async () => {
  const entries = await log()
  const then = entries[Math.floor(entries.length * 0.9)]
  const database = 'colloquy_then'
  await cliJson(['rebuild', '--into', database, '--to', String(then?.seq)], { dataDir })
  const past = createClient({ ...(await connectToRunningClickHouse(system.settings, 'analyst')), database })
  const facts = factsOf(entries.filter(({ seq }) => seq <= (then?.seq ?? 0)))
  const freshness = await readFreshness(past)
  expect(freshness?.seq).toBe(then?.seq)
  const period = { from: startedAt - HOUR_MS, to: startedAt + 100 * HOUR_MS, completeTo: freshness?.completeTo.getTime() ?? 0 }
  for (const name of ASKED) {
    expect(comparable(await askQuestion(past, name, scopeOf(period))), name).toEqual(comparable(expectedAnswers(facts, period)[name]))
  }
  await past.close()
  const [from, to] = [startedAt - HOUR_MS, startedAt + HOUR_MS].map((at) => new Date(at).toISOString())
  const flags = ['--tenant', TENANT, '--from', from ?? '', '--to', to ?? '']
  const [all] = await cliJson<{ cases: number }>(['questions', 'intent-funnel', ...flags, '--database', database], { dataDir })
  expect(all).toMatchObject({ total: true, cases: facts.cases.length })
})

test('answers about cases are right over weeks with returning customers and replaced rows', async () => {
  const facts = weeksOfCases(400)
  const tenant = 'weeks'
  // Rows of a tenant that the log knows nothing of: no test waits for three days to be over.
  const values = facts.cases.flatMap((one, index) => rowsOfCase(tenant, one, index))
  await system.running.client?.insert({ table: 'cases_rows', format: 'JSONEachRow', values })
  const events = facts.cases.flatMap((one, index) => eventsOfCase(tenant, one, index))
  await system.running.client?.insert({ table: 'events_rows', format: 'JSONEachRow', values: events })
  const completeTo = (await readFreshness(analyst))?.completeTo.getTime() ?? 0
  for (const [fromDaysAgo, toDaysAgo] of [
    [30, 0],
    [17.3, 4.1],
    [2, 1],
  ] as const) {
    const period = { from: completeTo - fromDaysAgo * 24 * HOUR_MS, to: completeTo - toDaysAgo * 24 * HOUR_MS, completeTo }
    const expected = expectedAnswers(facts, period)
    for (const name of [
      'containment',
      'first-response',
      'repeat-contact',
      'escalations',
      'cost',
      'satisfaction',
      'backlog',
      'intent-funnel',
      'heat-map',
      'versions',
    ] as const) {
      const answer = await askQuestion(analyst, name, scopeOf(period, tenant))
      expect(comparable(answer), `${name}, ${fromDaysAgo} days ago`).toEqual(comparable(expected[name]))
    }
  }
  // The backlog has a row for each hour: a period since 1970 would block this process, which its watchdog ends on a busy machine.
  const year = { from: completeTo - 365 * 24 * HOUR_MS, to: completeTo, completeTo }
  const whole = expectedAnswers(facts, year)['repeat-contact'].find(({ total }) => total === true)
  expect(Number(whole?.['repeated'])).toBeGreaterThan(20)
  expect(Number(whole?.['pending'])).toBeGreaterThan(5)
}, 180_000)

test('time-in-state: a stay that ends in silence counts up to the last message in it', async () => {
  const tenant = 'silent'
  const start = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 5 * HOUR_MS
  const at = (seconds: number): string => new Date(start + seconds * 1_000).toISOString().slice(0, 23).replace('T', ' ')
  const of = (actor: string) => ({ tenant, kind: 'desk', actor, case_no: 1, machine: 'desk@1', history: false })
  // Each was answered at 10 s, entered its state then, and was closed by a timer at 30 s. One message more came at 16 s, or none.
  const actors = ['thanked', 'silent', 'unanswered']
  const cases = actors.map((actor, index) => {
    const turns = { turns: 1, turns_answered: actor === 'unanswered' ? 0 : 1, messages: 3 }
    const times = { committed_at: at(0), opened_at: at(0), closed_at: at(30), last_at: at(30) }
    return { ...of(actor), ...times, ...turns, outcome: 'answered', last_seq: 3_000_000_000_000 + index }
  })
  const messages = actors.flatMap((actor, index) =>
    [0, 10, ...(actor === 'silent' ? [] : [16])].map((seconds, number) => ({
      ...of(actor),
      seq: 3_000_000_000_000 + index * 10 + number,
      idx: 0,
      id: `m${number}`,
      role: 'user',
      text: 'a word',
      time: at(seconds),
      committed_at: at(seconds),
    })),
  )
  const stays = actors.map((actor, index) => ({
    ...of(actor),
    state: actor,
    next: 'closed',
    cause: 'timer:silence',
    left_seq: 3_000_000_000_000 + index * 10 + 5,
    entered_at: at(10),
    left_at: at(30),
    ms: 20_000,
  }))
  await system.running.client?.insert({ table: 'cases_rows', format: 'JSONEachRow', values: cases })
  await system.running.client?.insert({ table: 'messages_rows', format: 'JSONEachRow', values: messages })
  await system.running.client?.insert({ table: 'state_intervals_rows', format: 'JSONEachRow', values: stays })
  const answer = await askQuestion(analyst, 'time-in-state', scopeOf(await periodOf(start, start + HOUR_MS), tenant))
  expect(answer.map(({ state, stays, p50_ms, dropped }) => ({ state, stays, p50_ms, dropped }))).toEqual([
    { state: 'unanswered', stays: 1, p50_ms: 20_000, dropped: 0 },
    { state: 'thanked', stays: 1, p50_ms: 6_000, dropped: 0 },
  ])
})

test('kpi: minutes whose canary came late, was not sent, or of which nothing is recorded were not available', async () => {
  const start = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 5 * HOUR_MS
  const at = (minute: number): string => new Date(start + minute * 60_000).toISOString()
  // Minute 5 has no record, minute 3 missed, and of minute 7 two members told.
  const told = [0, 1, 2, 3, 4, 6, 7, 7, 8, 9].map((minute) => ({ minute: at(minute), reachedMs: minute === 3 ? null : 12.5 }))
  const values = told.map((before, index) => ({
    ...{ tenant: 'colloquy', kind: 'canary', actor: 'cluster', machine: 'canary@1', case_no: 1, history: false },
    ...{ seq: 4_000_000_000_000 + index, idx: 0, n: index + 1, outcome: 'committed', type: 'canary.sent' },
    committed_at: at(index + 1)
      .replace('T', ' ')
      .replace('Z', ''),
    data: {},
    data_raw: JSON.stringify({ minute: at(index + 1), sentAt: at(index + 1), before }),
  }))
  await system.running.client?.insert({ table: 'events_rows', format: 'JSONEachRow', values })
  const minutesOf = async (from: number, to: number): Promise<unknown> =>
    (await askQuestion(analyst, 'kpi', scopeOf({ from: start + from * 60_000, to: start + to * 60_000, completeTo: 0 }))).find(
      ({ figure }) => figure === 'canary_minutes',
    )
  const figure = { figure: 'canary_minutes', aim: 0.999 }
  expect(await minutesOf(0, 60)).toEqual({ ...figure, value: 0.8, met: false, counted: 10 })
  expect(await minutesOf(6, 10)).toEqual({ ...figure, value: 1, met: true, counted: 4 })
  expect(await minutesOf(20, 60)).toEqual({ ...figure, value: null, met: null, counted: 0 })
})

test('every question has an answer for an empty period, with NULL for rates over nothing', async () => {
  const period = await periodOf(startedAt - 50 * HOUR_MS, startedAt - 49 * HOUR_MS)
  for (const name of ASKED) {
    for (const row of await askQuestion(analyst, name, scopeOf(period))) {
      const rates = Object.entries(row).filter(([column]) => /(_rate|share|_ms|average|csat|^cost|_resolved)$/.test(column))
      expect(Object.fromEntries(rates.filter(([, value]) => value !== null))).toEqual({})
    }
  }
})

test('a tenant named like SQL is an ordinary tenant', async () => {
  const scope = scopeOf(await periodOf(startedAt - HOUR_MS, startedAt + HOUR_MS), "x' OR 1=1 --")
  const [all] = await askQuestion(analyst, 'containment', scope)
  expect(all).toMatchObject({ total: true, closed: 0 })
})

test('docs/questions.md is up to date with the queries', async () => {
  const page = questionsPage(await Promise.all(QUESTION_NAMES.map(loadQuestion)))
  expect(readFileSync(new URL('../../../../docs/questions.md', import.meta.url), 'utf8')).toBe(page)
})

test('"colloquy questions" lists the questions and answers one', async () => {
  const listed = await cliJson<{ name: string; sql: string }>(['questions'], { dataDir })
  expect(listed.map(({ name }) => name)).toEqual(QUESTION_NAMES)
  const [from, to] = [startedAt - HOUR_MS, startedAt + HOUR_MS].map((at) => new Date(at).toISOString())
  const flags = ['--tenant', TENANT, '--from', from ?? '', '--to', to ?? '']
  const [all] = await cliJson<{ total: boolean; closed: number }>(['questions', 'containment', ...flags], { dataDir })
  const [closed] = await rows<{ n: number }>(
    system,
    `SELECT count() AS n FROM cases WHERE tenant = '${TENANT}' AND NOT history AND isNotNull(closed_at)`,
  )
  expect(all).toMatchObject({ total: true, closed: closed?.n })
  const { code, stderr } = await runCli(['questions', 'containment', '--from', '2026-02-30'], { dataDir })
  expect([code, stderr]).toEqual([1, expect.stringContaining('such as 2026-11-01')])
  expect((await runCli(['questions', 'cost', '--from', '2026-03-01', '--to', '2026-02-01'], { dataDir })).stderr).toMatch(
    /is not after it\ncode: bad_period/,
  )
})

test('"colloquy report" writes a page with the answers to all questions, in either language', async () => {
  const file = join(dataDir, 'report.html')
  const [from, to] = [startedAt - HOUR_MS, startedAt + HOUR_MS].map((at) => new Date(at).toISOString())
  const flags = ['--tenant', TENANT, '--from', from ?? '', '--to', to ?? '']
  for (const [lang, none] of [
    ['en', 'There is no data'],
    ['zh', '该期间没有相关数据'],
  ] as const) {
    expect(await runCli(['report', ...flags, '--lang', lang, '--out', file], { dataDir })).toMatchObject({ code: 0, stderr: '' })
    const page = readFileSync(file, 'utf8')
    for (const name of QUESTION_NAMES) expect(page).toContain(`<section id="${name}">`)
    expect(page.split(none).length - 1, `questions without data besides ${WITHOUT_ROWS.join(', ')} and trends`).toBe(
      WITHOUT_ROWS.length + 1,
    )
    expect(page.match(/<svg /g)?.length).toBeGreaterThan(9)
  }
})
