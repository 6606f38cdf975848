import { rm } from 'node:fs/promises'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { loadKinds } from '../../../infra/app/load-kinds.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { openProgressMarks } from '../../../pipeline/projector/progress-mark.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { startAuditor } from '../../../pipeline/verify/auditor.ts'
import { type Verified, verify as verifyTables } from '../../../pipeline/verify/verify.ts'
import { type ReadModel, TABLE_NAMES, type TableName, TABLES } from '../../../schemas/tables.ts'
import { deskKind } from '../../support/analyst-kind.ts'
import { gradedKind } from '../../support/graded-kind.ts'
import { judge } from '../../support/judge-setup.ts'
import { runCli } from '../../support/run-cli.ts'
import { caughtUp, publishAll, readLog, rows } from '../../support/system-assertions.ts'
import { settingsFor, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let dataDir: string
let system: System

const message = (tenant: string, actor: string, id: string, role: string, text: string, more: object = {}) => ({
  subject: `in.${tenant}.support.${actor}`,
  body: { type: 'message.received', id, time: '2025-03-04T05:06:07.089Z', data: { role, text }, ...more },
})
/** Live messages in two languages, history, agents, failures and refused inputs. */
const inputs = [
  ...Array.from({ length: 30 }, (_, i) => {
    const text = ['How long does shipping take?', '你好，我要退款', 'a person please'][i % 3] ?? ''
    return message('acme', `a${i % 6}`, `m-${i}`, 'user', text)
  }),
  ...Array.from({ length: 12 }, (_, i) =>
    message('zeta', `h${i % 2}`, `h-${i}`, i % 3 === 2 ? 'agent' : 'user', `lines long ago ${i}`, { history: true }),
  ),
  message('zeta', 'h0', 'live-1', 'user', 'and now live'),
  message('zeta', 'a9', 'x-1', 'agent', 'hello, this is a person'),
  message('zeta', 'a9', 'x-2', 'user', 'where is my order?'),
  { subject: 'in.acme.support.a1', body: 'no json' },
  { subject: 'in.acme.support.a1', body: { type: 'message.received', data: { role: 'nobody', n: 1, when: '2026-01-01' } } },
  { subject: 'in.acme.nokind.a1', body: { type: 'x', data: { big: 1 } } },
  ...['ask', 'split', 'left', 'note', 'throw', 'pause', 'resume', 'finish', 'add'].map((type, i) => ({
    subject: `in.acme.toy.t${i % 2}`,
    body: { type, id: `t-${i}`, data: { q: 'why', text: 'n', by: 1 } },
  })),
  {
    subject: 'in.acme.toy.t3',
    body: { type: 'note', id: 'odd', data: { text: 'x', 'a.b': 1, a: { b: 2 }, huge: 1e300, deep: [[{}, null]] } },
  },
]

/** A fixed pseudo-random sequence of everything that can happen to a case. */
function randomInputs(): { subject: string; body: object }[] {
  let state = 1
  const below = (bound: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % bound
  }
  const pick = <Value>(values: readonly Value[]): Value | undefined => values[below(values.length)]
  return Array.from({ length: 400 }, (_, i) => {
    const what = below(10)
    const type = what < 7 ? 'message.received' : pick(['feedback.given', 'case.resolved', 'conversation.imported', 'unheard.of'])
    const role = pick(['user', 'user', 'user', 'agent', 'assistant', 'system'])
    const text = pick(['delivery please', 'refund person', 'refund fail', 'invoice nothing', '配送要多久？', 'x'.repeat(1 + below(40))])
    const data = {
      'message.received': {
        role,
        text,
        ...pick([{}, { lang: 'en' }, { customer: `c${below(3)}` }, { channel: 'phone', customer: below(9) }]),
      },
      'feedback.given': { rating: below(6) },
      'case.resolved': { outcome: pick(['resolved', 'abandoned']) },
      'conversation.imported': { turns: below(9) },
      'unheard.of': { x: below(9) },
    }[type ?? 'unheard.of']
    return {
      subject: `in.${pick(['acme', 'zeta'])}.desk.d${below(12)}`,
      body: {
        type,
        id: `adv-${i}`,
        time: `2025-0${1 + below(9)}-11T10:00:00.${100 + below(900)}Z`,
        data,
        ...(below(6) === 0 ? { history: true } : {}),
      },
    }
  })
}

/** Answers with scores, judgements of them in a later case, and what a customer says. */
async function playScores(): Promise<void> {
  const on = (actor: string, type: string, data: object) => ({ subject: `in.acme.graded.${actor}`, body: { type, data } })
  const texts = ['退货 0.4', 'wait', 'all 0.8 alone', 'unjudged', 'size 0.9']
  await publishAll(
    system,
    ['g1', 'g2'].flatMap((actor) => texts.map((text) => on(actor, 'message.received', { role: 'user', text }))),
  )
  await caughtUp(system)
  const answers = (await readLog(system)).filter(({ actor, record }) => actor.includes('/graded/') && record.emitted.length > 0)
  await publishAll(
    system,
    answers.map(({ actor, record }, index) => {
      const said = [{ rating: 2, comment: '太慢' }, { thumbs: 'up' }, { thumbs: 'down', correction: 'In 5 days.' }][index % 3]
      return on(actor.split('/')[2] ?? '', 'feedback.given', { answer: record.emitted[0]?.id, ...said })
    }),
  )
  await publishAll(system, [on('g1', 'close', {}), on('g1', 'message.received', { role: 'user', text: 'again 0.7' })])
  await caughtUp(system)
  for (const [index, answer] of answers.entries()) await judge(system, answer, 'model', `m-${index % 2}`, index / 10)
  await caughtUp(system)
}

beforeAll(async () => {
  dataDir = await temporaryFolder()
  const builtIn = await loadKinds(loadSettings({}, settingsFor(dataDir)).settings)
  // The desk of this test has the name of the built-in one.
  const kinds = [...builtIn.values()].filter(({ name }) => name !== deskKind.name)
  system = await startSystem({ dataDir, kinds: [...kinds, toyKind, deskKind, gradedKind] })
  await publishAll(system, inputs)
  for (const some of [randomInputs().slice(0, 200), randomInputs().slice(200)]) {
    await publishAll(system, some)
    await caughtUp(system)
  }
  await playScores()
  // Waits until all cases have ended by their timers, so that LOG does not change during the tests.
  const waiting = (): Promise<unknown[]> =>
    rows(system, "SELECT actor FROM conversations WHERE kind = 'desk' AND state IN ('idle', 'replying') LIMIT 1")
  await vi.waitFor(async () => expect(await waiting()).toEqual([]), { timeout: 20_000, interval: 50 })
  await caughtUp(system)
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

async function verify(...args: string[]): Promise<{ code: number | null; stderr: string; verified: Verified }> {
  const { code, stdout, stderr } = await runCli(['verify', '--json', ...args], { dataDir })
  return { code, stderr, verified: JSON.parse(stdout) as Verified }
}
/** Verifies in this process. */
async function differences(): Promise<Verified> {
  const { jetstream, client } = system.running
  if (client === undefined) throw new Error('this system has no tables')
  return verifyTables({ jetstream, clickhouse: client, countRepeats: true, signal: new AbortController().signal })
}
const command = async (query: string): Promise<void> => {
  await system.running.client?.command({ query, clickhouse_settings: { mutations_sync: '1' } })
}
const lastSeq = async () => (await system.running.jetstream.jsm.streams.info('LOG')).state.last_seq

test('every projected table matches LOG', async () => {
  const { code, stderr, verified } = await verify()
  expect(stderr).toBe('')
  expect(code).toBe(0)
  expect(verified).toMatchObject({ from: 1, to: await lastSeq(), records: await lastSeq(), first: [] })
  for (const name of TABLE_NAMES) {
    const [count] = await rows<{ n: number }>(system, `SELECT count() AS n FROM ${name}`)
    expect(verified.tables[name], name).toEqual({ rows: count?.n, differences: 0, unproven: 0 })
    expect(count?.n, `${name} has rows to be compared`).toBeGreaterThan(0)
  }
})

test('a range or a tenant can be verified alone, resuming from the counts in its first records', async () => {
  const to = await lastSeq()
  const scopes = [
    ['--from', '10'],
    ['--from', '17', '--to', '31'],
    ['--tenant', 'zeta'],
    ['--tenant', 'zeta', '--from', '40', '--to', String(to)],
  ]
  for (const args of scopes) {
    const { code, stderr } = await verify(...args)
    expect([args, stderr, code]).toEqual([args, '', 0])
  }
  expect((await runCli(['verify', '--to', '99999'], { dataDir })).stderr).toMatch(/LOG goes to sequence \d+[^]*code: no_such_sequence/)
})

/** For each table, the column to alter and its new value. */
const ALTERED: Readonly<Record<TableName, readonly [string, string]>> = {
  events: ['source', "'somebody else'"],
  messages: ['text', "'something else'"],
  actors: ['status', "'odd'"],
  conversations: ['user_msgs', 'user_msgs + 1'],
  cases: ['records', 'records + 1'],
  turns: ['model', "'other'"],
  state_intervals: ['ms', 'ms + 1'],
  citations: ['score', 'ifNull(score, 0) + 0.000001'],
  scores: ['score', 'score + 0.25'],
  tasks: ['duration_ms', 'ifNull(duration_ms, 0) + 0.5'],
  dead_letters: ['reason', "'other'"],
}

/** A LOG sequence that has a row in the table. */
async function seqOf(name: TableName): Promise<number> {
  const found = await rows<{ seq: number }>(system, `SELECT DISTINCT ${TABLES[name].seq} AS seq FROM ${name} ORDER BY seq LIMIT 2`)
  return found.at(-1)?.seq ?? 0
}
const columnsOf = (name: TableName): string => [...Object.keys(TABLES[name].columns), 'generation'].join(', ')

/** Changes every table, verifies, and restores the tables. @returns the first difference of each table. */
async function firstAfter(change: (name: TableName, table: ReadModel, seq: number) => string): Promise<Map<string, object>> {
  const result = await changed(change)
  return new Map(result.first.map((named) => [named.table, named]))
}
async function changed(change: (name: TableName, table: ReadModel, seq: number) => string, merges: 'on' | 'off' = 'on'): Promise<Verified> {
  for (const name of TABLE_NAMES) {
    await command(`SYSTEM STOP MERGES ${name}_rows`)
    await command(`CREATE OR REPLACE TABLE ${name}_kept AS ${name}_rows`)
    await command(`INSERT INTO ${name}_kept SELECT * FROM ${name}_rows`)
    if (merges === 'on') await command(`SYSTEM START MERGES ${name}_rows`)
    await command(change(name, TABLES[name], await seqOf(name)))
  }
  const result = await differences()
  for (const name of TABLE_NAMES) {
    await command(`SYSTEM START MERGES ${name}_rows`)
    await command(`TRUNCATE TABLE ${name}_rows`)
    await command(`INSERT INTO ${name}_rows SELECT * FROM ${name}_kept`)
    await command(`DROP TABLE ${name}_kept`)
  }
  return result
}

describe('a table that was changed by hand', () => {
  test('differs by an altered row, with its column', async () => {
    const first = await firstAfter(
      (name, { seq }, at) => `ALTER TABLE ${name}_rows UPDATE ${ALTERED[name][0]} = ${ALTERED[name][1]} WHERE ${seq} = ${at}`,
    )
    for (const name of TABLE_NAMES) {
      expect(first.get(name), name).toMatchObject({ kind: 'different', seq: await seqOf(name), column: ALTERED[name][0] })
    }
  })

  test('differs by a removed row', async () => {
    const first = await firstAfter((name, { seq }, at) => `ALTER TABLE ${name}_rows DELETE WHERE ${seq} = ${at}`)
    for (const name of TABLE_NAMES) expect(first.get(name), name).toMatchObject({ kind: 'missing', seq: await seqOf(name) })
  })

  test('differs by a row that its view shows twice', async () => {
    const first = await firstAfter((name, { seq, partitionBy }, at) => {
      const columns = columnsOf(name).replace(partitionBy, `${partitionBy} - INTERVAL 3 MONTH AS ${partitionBy}`)
      return `INSERT INTO ${name}_rows SELECT ${columns} FROM (SELECT * FROM ${name}_rows FINAL WHERE ${seq} = ${at} LIMIT 1)`
    })
    for (const name of TABLE_NAMES) expect(first.get(name), name).toMatchObject({ seq: await seqOf(name) })
  })

  test('does not differ by an exact duplicate on disk, which is only counted', async () => {
    const result = await changed(
      (name, { seq }, at) => `INSERT INTO ${name}_rows SELECT ${columnsOf(name)}
      FROM (SELECT * FROM ${name}_rows FINAL WHERE ${seq} = ${at} LIMIT 1)`,
      'off',
    )
    expect(result.first).toEqual([])
    for (const name of TABLE_NAMES) expect(result.repeats[name]?.rows, name).toBeGreaterThan(0)
  })

  test('differs by a row after the end of LOG', async () => {
    const first = await firstAfter(
      (name, { seq }) => `INSERT INTO ${name}_rows
      SELECT ${columnsOf(name).replace(seq, `9999999 AS ${seq}`)} FROM (SELECT * FROM ${name}_rows LIMIT 1)`,
    )
    for (const name of TABLE_NAMES) expect(first.get(name), name).toMatchObject({ seq: 9_999_999 })
  })
})

test('altered JSON is found: the data of an event and of a rejected input, and the label of an actor', async () => {
  const seq = (where: string) => rows<{ seq: number }>(system, `SELECT seq FROM events WHERE ${where} LIMIT 1`)
  const changeOf = async (where: string, assignment: string) =>
    (await seq(where)).map((row) => [`UPDATE ${assignment} WHERE seq = ${row.seq} AND idx = 0`, row.seq] as const)
  const cases = [
    ...(await changeOf("outcome = 'committed' AND type = 'message.received'", `data = '{"role":"user"}'`)),
    ...(await changeOf("outcome = 'rejected' AND toJSONString(data) != '{}'", `data = '{"x":1}'`)),
    ...(await changeOf("outcome = 'committed'", "data = '{}', data_error = 'no reason'")),
  ]
  expect(cases.length).toBeGreaterThan(1)
  for (const [change, at] of cases) {
    await command('DROP TABLE IF EXISTS kept')
    await command('CREATE TABLE kept AS events_rows')
    await command('INSERT INTO kept SELECT * FROM events_rows')
    await command(`ALTER TABLE events_rows ${change}`)
    const { first } = await differences()
    expect([change, first[0]]).toMatchObject([change, { table: 'events', seq: at, column: 'data' }])
    await command('TRUNCATE TABLE events_rows')
    await command('INSERT INTO events_rows SELECT * FROM kept')
  }
  await command(`ALTER TABLE actors_rows UPDATE label = '{"count":77}' WHERE kind = 'toy' AND actor = 't1'`)
  const { code, stderr, verified } = await verify()
  expect(code).toBe(1)
  expect(stderr).toMatch(/actors does not match the log:\n {2}actors, sequence \d+, row tenant acme, kind toy, actor t1: label is "{/)
  expect(stderr).toMatch(/label is "{.*77}", by the log [^]*code: tables_differ/)
  expect(verified.first).toMatchObject([{ table: 'actors', kind: 'different', column: 'label', found: '{"count":77}' }])
})

test('the auditor finds a difference, counts it by table, and continues with the next slices', async () => {
  const { jetstream, kv, client } = system.running
  if (client === undefined) throw new Error('this system has no tables')
  await command("ALTER TABLE messages_rows UPDATE chars = chars + 1 WHERE tenant = 'zeta'")
  const metrics = createMetrics()
  const lines: string[] = []
  const log = pino(
    { level: 'error' },
    {
      write: (line: string) => {
        lines.push(line)
      },
    },
  )
  const auditor = startAuditor({ jetstream, kv, clickhouse: client, metrics, log, sliceMax: 200, pauseMsMin: 1, share: 1 })
  const mismatches = async (table: TableName) =>
    (await metrics.auditMismatches.get()).values.find(({ labels }) => labels.table === table)?.value
  const passes = async () => (await metrics.auditPasses.get()).values[0]?.value ?? 0
  await expect.poll(passes, { timeout: 50_000 }).toBeGreaterThan(1)
  await auditor.stop()
  expect(await mismatches('messages')).toBeGreaterThan(0)
  expect(await mismatches('turns')).toBe(0)
  expect(lines.filter((line) => line.includes('the table messages differs from LOG')).length).toBeGreaterThan(0)
  expect((await metrics.auditedAt.get()).values[0]?.value).toBeGreaterThan(Date.now() / 1_000 - 60)
})

test('while LOG lacks the message at the mark of the tables, nothing is compared and nothing is called different', async () => {
  const { jetstream, kv, client } = system.running
  if (client === undefined) throw new Error('this system has no tables')
  await command("ALTER TABLE messages_rows UPDATE chars = chars + 1 WHERE tenant = 'zeta'")
  const { created, state } = await jetstream.jsm.streams.info('LOG')
  const at = new Date().toISOString()
  // As the projector has left it before LOG was truncated and grew again.
  const history = [{ created, seq: state.last_seq, ts: '2020-01-01T00:00:00.000Z' }]
  await (await openProgressMarks(client)).save({ projectedSeq: state.last_seq, logLastSeq: state.last_seq, completeTo: at, at, history })
  await kv.delete('audit')
  const metrics = createMetrics()
  const lines: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
  const auditor = startAuditor({ jetstream, kv, clickhouse: client, metrics, log, pauseMsMin: 1, share: 1 })
  await expect(verifyTables({ jetstream, clickhouse: client, signal: new AbortController().signal })).rejects.toMatchObject({
    code: 'not_complete',
  })
  await auditor.stop()
  expect(lines).toEqual([])
  expect((await metrics.auditMismatches.get()).values.map(({ value }) => value)).toEqual(TABLE_NAMES.map(() => 0))
})
