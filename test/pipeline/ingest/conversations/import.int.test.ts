import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { KV } from '@nats-io/kv'
import { nanos } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../../../actors/definition/define-kind.ts'
import { createSupport } from '../../../../actors/kinds/support/kind.ts'
import { loadArticles } from '../../../../actors/kinds/support/knowledge.ts'
import { runningNats } from '../../../../infra/app/connect-to-running.ts'
import { connectNats, openJetStream } from '../../../../infra/app/nats-access.ts'
import { openBucket } from '../../../../infra/app/prepare-streams.ts'
import { waitUntilCaughtUp } from '../../../../infra/app/system-status.ts'
import { whileConnected } from '../../../../infra/app/while-connected.ts'
import { openConversations } from '../../../../pipeline/ingest/conversations/conversation-file.ts'
import {
  importConversations,
  type ImportOptions,
  type ImportSummary,
} from '../../../../pipeline/ingest/conversations/import-conversations.ts'
import { acquireImportLock } from '../../../../pipeline/ingest/conversations/import-lock.ts'
import { openReader } from '../../../../pipeline/jetstream/ordered-reader.ts'
import type { LogRecord } from '../../../../schemas/record.ts'
import { restoreRecord } from '../../../../schemas/record-form.ts'
import { parseLogSubject } from '../../../../schemas/subjects.ts'
import { startProxy } from '../../../support/proxy.ts'
import { runCli } from '../../../support/run-cli.ts'
import { startSystem, type System, temporaryFolder } from '../../../support/test-system.ts'

const DEMO = new URL('../../../../infra/demo/conversations.jsonl', import.meta.url)
/** Without the projector: the tests read the log only. */
const ROLES = 'host,dispatch,tasks'
const CATCH_UP_MS = 60_000

/** A kind that refuses the data of messages with fields that it does not know. */
const strict = defineKind({
  name: 'strict',
  version: 1,
  context: z.object({}),
  events: { 'message.received': z.strictObject({ role: z.string(), text: z.string() }) },
  emits: {},
  tasks: {},
})
const strictKind = strict.with(setup(strict.xstate).createMachine({ context: {} }))

let dataDir: string
let system: System

beforeAll(async () => {
  dataDir = await temporaryFolder()
  const support = createSupport({ articles: loadArticles() })
  system = await startSystem({ dataDir, settings: { ROLES }, kinds: [support, strictKind] })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

const conversationsOf = (count: number, turns: number): object[] =>
  upTo(count).map((conversation) => ({
    id: `c${conversation}`,
    lang: 'en',
    turns: upTo(turns).map((turn) => ({ role: turn % 2 === 1 ? 'user' : 'assistant', text: `turn ${turn} of ${conversation}` })),
  }))

/** What the records of an imported conversation say, in order. */
const saidBy = (history: readonly LogRecord[] | undefined): unknown[] =>
  (history ?? []).map(({ input }) => input.data?.['text'] ?? input.id)
const wanted = (actorId: string, turns: number): string[] => [
  ...upTo(turns).map((turn) => `turn ${turn} of ${actorId.slice(1)}`),
  `imported-${turns}`,
]

async function fileOf(name: string, lines: readonly (object | string)[]): Promise<string> {
  const path = join(dataDir, name)
  const content = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  await writeFile(path, name.endsWith('.gz') ? gzipSync(content) : content)
  return path
}

async function importFile(path: string, tenant: string, options: Partial<ImportOptions> = {}): Promise<ImportSummary> {
  const { pieces } = await openConversations(path)
  return importConversations(pieces, {
    nc: system.running.jetstream.nc,
    jetstream: system.running.jetstream,
    kv: system.running.kv,
    tenant,
    kind: 'support',
    name: 'a test',
    mode: 'history',
    replyWaitMs: 10_000,
    ...options,
  })
}

/** The records of a tenant by actor, in the order of the log. */
async function recordsOf(tenant: string): Promise<Map<string, LogRecord[]>> {
  await waitUntilCaughtUp(system.settings, CATCH_UP_MS)
  const reader = await openReader(system.running.jetstream, {
    stream: 'LOG',
    filterSubjects: [`log.*.${tenant}.>`],
    startSeq: 1,
    messagesMax: 500,
  })
  const records = new Map<string, LogRecord[]>()
  if (reader.pending === 0) return records
  for await (const message of reader) {
    const { id } = parseLogSubject(message.subject).address
    records.set(id, [...(records.get(id) ?? []), restoreRecord(message.json()) as LogRecord])
    if (reader.pending === 0) break
  }
  return records
}

const logLast = async (): Promise<number> => (await system.running.jetstream.jsm.streams.info('LOG')).state.last_seq

test('every turn becomes one record of its actor, in order, with many conversations in flight', async () => {
  const summary = await importFile(await fileOf('order.jsonl.gz', conversationsOf(60, 9)), 'order')

  expect(summary).toMatchObject({ lines: 60, conversations: 60, turns: 540, published: 600, duplicates: 0, badLines: 0 })
  const records = await recordsOf('order')
  expect(records.size).toBe(60)
  for (const [id, history] of records) {
    expect(saidBy(history)).toEqual(wanted(id, 9))
    expect(history.map(({ n, outcome }) => [n, outcome])).toEqual(history.map((_, index) => [index + 1, 'committed']))
  }
})

test('importing a file again changes nothing, even after the deduplication window of INBOX', async () => {
  const path = await fileOf('again.jsonl', conversationsOf(5, 4))
  await importFile(path, 'again')
  await waitUntilCaughtUp(system.settings, CATCH_UP_MS)
  const before = await logLast()

  expect(await importFile(path, 'again')).toMatchObject({ turns: 20, added: 0, known: 20, published: 0, duplicates: 25 })
  await system.running.jetstream.jsm.streams.update('INBOX', { duplicate_window: nanos(100) })
  expect(await importFile(path, 'again')).toMatchObject({ added: 0, known: 20, published: 0 })
  await system.running.jetstream.jsm.streams.update('INBOX', { duplicate_window: nanos(120_000) })

  await waitUntilCaughtUp(system.settings, CATCH_UP_MS)
  expect(await logLast()).toBe(before)
})

test('importing a conversation that has grown adds only its new turns', async () => {
  await importFile(await fileOf('short.jsonl', conversationsOf(1, 2)), 'grown')
  await importFile(await fileOf('long.jsonl', conversationsOf(1, 4)), 'grown')

  expect(saidBy((await recordsOf('grown')).get('c1'))).toEqual([...wanted('c1', 2), ...wanted('c1', 4).slice(2)])
})

test('a conversation that occurs repeatedly in a file is imported once', async () => {
  const [conversation = {}] = conversationsOf(1, 6)
  const path = await fileOf(
    'twice.jsonl',
    Array.from({ length: 8 }, () => conversation),
  )

  expect(await importFile(path, 'twice')).toMatchObject({ conversations: 8, published: 7, duplicates: 49 })
  expect((await recordsOf('twice')).get('c1')).toHaveLength(7)
})

test('a full INBOX pauses the import, which loses nothing and keeps the order', async () => {
  const { jsm } = system.running.jetstream
  const { config, state } = await jsm.streams.info('INBOX')
  await jsm.streams.update('INBOX', { max_bytes: state.bytes + 10_000 })
  const { promise: full, resolve: refused } = Promise.withResolvers<void>()

  const importing = importFile(await fileOf('full.jsonl', conversationsOf(20, 30)), 'full', { onWait: () => refused() })
  await full
  await jsm.streams.update('INBOX', { max_bytes: config.max_bytes })

  expect(await importing).toMatchObject({ conversations: 20, published: 620 })
  for (const [id, history] of await recordsOf('full')) {
    expect(saidBy(history)).toEqual(wanted(id, 30))
  }
})

test('a live import sends each user turn after the reply to the previous one, until a person takes over', async () => {
  const summary = await importFile(fileURLToPath(DEMO), 'live', { mode: 'live', replyWaitMs: 20_000 })

  expect(summary.reactions.none).toBe(0)
  for (const history of (await recordsOf('live')).values()) {
    let open: string | undefined
    let escalated = false
    for (const { input, emitted, outcome } of history) {
      expect(outcome).toBe('committed')
      expect(input.history).toBeUndefined()
      if (input.type === 'message.received') {
        if (!escalated) expect(open).toBeUndefined()
        expect(input.data?.['role']).toBe('user')
        open = input.id
      }
      for (const { type, data } of emitted) {
        if (type === 'message.sent' && data['replyTo'] === open) open = undefined
        if (type === 'escalated') escalated = true
      }
    }
    expect(open === undefined || escalated).toBe(true)
  }
})

test('the command names invalid lines, imports the others, and fails', async () => {
  const [good = {}] = conversationsOf(1, 2)
  const path = await fileOf('bad.jsonl', ['garbage', good, '', { id: 'x' }, { ...good, id: 'Straße 1/é' }])

  const { code, stdout, stderr } = await runCli(['import', path, '--tenant', 'bad', '--json', '--wait'], { dataDir })

  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({
    lines: 5,
    conversations: 2,
    turns: 4,
    badLines: 2,
    bad: [{ line: 1, problem: 'not JSON' }, { line: 4 }],
    rejected: 0,
  })
  expect(stderr).toMatch(/line 1: not JSON[^]*line 4: turns[^]*code: bad_lines/)
  expect([...(await recordsOf('bad')).keys()].sort()).toEqual(['b64-U3RyYcOfZSAxL8Op', 'c1'])
})

const said = (id: string, texts: string, more: object = {}): object => ({
  id,
  ...more,
  turns: texts.split(' ').map((text, index) => ({ role: index % 2 === 0 ? 'user' : 'agent', text })),
})

test('the command imports all turns of two days with one id, names what has changed, and says when nothing is new', async () => {
  const days = [said('C1', 'mon-1 mon-2 mon-3'), said('C1', 'wed-1 wed-2 wed-3 wed-4'), said('C1', 'mon-1 mon-two mon-3')]
  const files = await Promise.all(days.map((day, index) => fileOf(`day-${index}.jsonl`, [day])))
  const run = (file: string | undefined) => runCli(['import', file ?? '', '--tenant', 'days'], { dataDir })

  expect(await run(files[0])).toMatchObject({ code: 0, stdout: expect.stringContaining('3 turns: 3 added, 0 already there') as unknown })
  expect(await run(files[1])).toMatchObject({ code: 0, stdout: expect.stringContaining('4 turns: 4 added, 0 already there') as unknown })
  expect(await run(files[1])).toMatchObject({ code: 0, stdout: expect.stringContaining('4 turns: nothing is new') as unknown })
  const changed = await run(files[2])
  expect(changed).toMatchObject({ code: 1, stdout: expect.stringContaining('0 added, 2 already there, 1 changed') as unknown })
  expect(changed.stderr).toMatch(/line 1, turn 2 of "C1" \(agent\): "mon-2" is now "mon-two"[^]*code: changed_turns/)
  expect(saidBy((await recordsOf('days')).get('C1'))).toEqual([
    'mon-1',
    'mon-2',
    'mon-3',
    'imported-3',
    'wed-1',
    'wed-2',
    'wed-3',
    'wed-4',
    'imported-7',
  ])
})

const window = (...numbers: number[]): object => ({
  id: 'ROK',
  turns: numbers.flatMap((number) => [
    { role: 'user', text: 'ok' },
    { role: 'assistant', text: `done ${number}` },
  ]),
})

test('a window of equal turns that moves on loses none of them', async () => {
  const [first, second] = await Promise.all([
    fileOf('window-1.jsonl', [window(1, 3, 5, 7)]),
    fileOf('window-2.jsonl', [window(5, 7, 9, 11)]),
  ])
  const run = (file: string) => runCli(['import', file, '--tenant', 'rolling'], { dataDir })
  await run(first)

  const { code, stdout } = await run(second)
  expect([code, stdout]).toEqual([0, expect.stringMatching(/1 conversation, 8 turns: 4 added, 4 already there\n$/)])
  for (const file of [first, second]) expect((await run(file)).stdout).toContain('8 turns: nothing is new')
  const texts = saidBy((await recordsOf('rolling')).get('ROK')).filter((one) => !String(one).startsWith('imported'))
  expect(texts).toEqual([1, 3, 5, 7, 9, 11].flatMap((number) => ['ok', `done ${number}`]))
})

test('--add-changed adds turns that have changed, once, and an empty file is called so', async () => {
  const [first, second, empty] = await Promise.all([
    fileOf('change-1.jsonl', [said('ch', 'hello on-monday bye')]),
    fileOf('change-2.jsonl', [said('ch', 'hello on-tuesday bye')]),
    fileOf('empty.jsonl', []),
  ])
  const run = (file: string, ...more: string[]) => runCli(['import', file, '--tenant', 'change', ...more], { dataDir })
  await run(first)

  const left = await run(second)
  expect(left).toMatchObject({ code: 1, stderr: expect.stringMatching(/1 changed turn left out/) as unknown })
  expect(await run(second, '--add-changed')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1 added, 2 already there') as unknown,
  })
  expect(await run(second, '--add-changed')).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing is new') as unknown })
  expect(await run(empty)).toMatchObject({ code: 1, stderr: expect.stringContaining('is empty') as unknown })
})

test('parts of a conversation in one file are one conversation, whether LOG has the first part or not', async () => {
  const windows = upTo(20).map((start) =>
    said(
      'w',
      upTo(3)
        .map((turn) => `t${start + turn}`)
        .join(' '),
    ),
  )
  const roleOf = (text: string): string => (Number(text.slice(1)) % 2 === 0 ? 'user' : 'agent')
  const lines = windows.map((one) =>
    JSON.stringify(one, (_, value: { text?: string }) => (value.text === undefined ? value : { ...value, role: roleOf(value.text) })),
  )
  const path = await fileOf('windows.jsonl', lines)

  expect(await importFile(path, 'windows')).toMatchObject({ conversations: 20, turns: 60, added: 22, known: 38, changed: 0 })
  expect(await importFile(path, 'windows')).toMatchObject({ turns: 60, added: 0, known: 60, published: 0 })
  const texts = saidBy((await recordsOf('windows')).get('w')).filter((one) => !String(one).startsWith('imported'))
  expect(texts).toEqual(upTo(22).map((turn) => `t${turn + 1}`))
})

/** Texts that many conversations repeat: their number tells them apart. */
const chatter = (conversation: number, from: number, to: number): object => ({
  id: `c${conversation}`,
  turns: upTo(to)
    .slice(from)
    .map((turn) => ({ role: turn % 2 === 1 ? 'user' : 'assistant', text: turn % 3 === 0 ? 'ok' : `turn ${turn} of ${conversation}` })),
})
const textsBy = (records: ReadonlyMap<string, readonly LogRecord[]>): Map<string, unknown[]> =>
  new Map([...records].map(([id, history]) => [id, saidBy(history).filter((one) => !String(one).startsWith('imported'))]))
const textsIn = (conversation: object): unknown[] =>
  z
    .object({ turns: z.array(z.object({ text: z.string() })) })
    .parse(conversation)
    .turns.map(({ text }) => text)

test('imports of one file and of overlapping ones at the same time add each turn once', async () => {
  const count = 80
  const whole = upTo(count).map((one) => chatter(one, 0, 12))
  const paths = [
    await fileOf('same.jsonl', whole),
    await fileOf(
      'early.jsonl',
      upTo(count).map((one) => chatter(one, 0, 8)),
    ),
    await fileOf(
      'late.jsonl',
      upTo(count).map((one) => chatter(one, 4, 12)),
    ),
  ]
  const [same = '', early = '', late = ''] = paths
  const waits: string[] = []
  const onWait = (why: string) => void waits.push(why)

  const [one, two] = await Promise.all([importFile(same, 'twins', { onWait }), importFile(same, 'twins', { onWait })])
  expect([one, two].map(({ added }) => added).toSorted((a, b) => a - b)).toEqual([0, count * 12])
  expect(waits).toContainEqual(
    expect.stringMatching(/^another import into twins\/support is running \(a test, since 20.*, process \d+ on /),
  )

  const both = await Promise.all([importFile(early, 'overlap'), importFile(late, 'overlap')])
  expect(both.reduce((sum, { added, known }) => sum + added + known, 0)).toBe(count * 16)

  const wantedTexts = new Map(whole.map((conversation, index) => [`c${index + 1}`, textsIn(conversation)]))
  expect(textsBy(await recordsOf('twins'))).toEqual(wantedTexts)
  // The later part may come first; no text is lost or doubled.
  const sorted = (texts: ReadonlyMap<string, unknown[]>) => new Map([...texts].map(([id, all]) => [id, all.map(String).toSorted()]))
  expect(sorted(textsBy(await recordsOf('overlap')))).toEqual(sorted(wantedTexts))
})

test('an import takes over from one whose heartbeats have stopped, and that one then adds nothing more', async () => {
  const path = await fileOf(
    'stalled.jsonl',
    upTo(40).map((one) => chatter(one, 0, 6)),
  )
  let isAwake = true
  const kv: KV = Object.assign(Object.create(system.running.kv) as KV, {
    update: (...args: Parameters<KV['update']>) =>
      isAwake ? system.running.kv.update(...args) : Promise.reject(new Error('the process stands still')),
  })
  const { signal } = new AbortController()
  const stalled = await acquireImportLock({ kv, tenant: 'stalled', kind: 'support', what: 'other.jsonl', signal, onWait: () => undefined })
  const waits: string[] = []
  const importing = importFile(path, 'stalled', { onWait: (why) => void waits.push(why) })
  await vi.waitFor(() => expect(waits).toContainEqual(expect.stringContaining('(other.jsonl, since')))
  expect(stalled.hold(signal)).toBeUndefined()

  isAwake = false
  expect(await importing).toMatchObject({ added: 240, known: 0 })
  isAwake = true
  await expect(stalled.hold(signal)).rejects.toMatchObject({ code: 'import_lock_lost' })
  expect(stalled.lost.aborted).toBe(true)
  await stalled.release()
})

test('an import whose NATS stays away ends in time and says so; a further one adds the rest', async () => {
  const path = await fileOf(
    'away.jsonl',
    upTo(60).map((one) => chatter(one, 0, 12)),
  )
  const { servers = '', ...user } = await runningNats(system.settings)
  const proxy = await startProxy(Number(new URL([servers].flat().join()).port))
  const jetstream = await openJetStream(await connectNats({ ...user, servers: `127.0.0.1:${proxy.port}` }, 'a test'))
  const notes: string[] = []
  const limit = { again: 'run it again', onAway: (what: string) => void notes.push(what), awayMsMax: 500 }
  const importing = whileConnected(jetstream.nc, limit, async (signal) => {
    const onProgress = ({ added }: ImportSummary): void => {
      if (added === 100) proxy.cut()
    }
    return importFile(path, 'away', { nc: jetstream.nc, jetstream, kv: await openBucket(jetstream.nc), signal, rate: 200, onProgress })
  })

  await expect(importing).rejects.toMatchObject({
    code: 'nats_away',
    message: expect.stringMatching(/^the NATS server .*; run it again$/) as unknown,
  })
  expect(notes).toEqual([expect.stringContaining('the connection to NATS was lost')])
  await jetstream.close()

  const { added, known } = await importFile(path, 'away')
  expect([added + known, known >= 100]).toEqual([60 * 12, true])
  expect([...textsBy(await recordsOf('away')).values()].flat()).toHaveLength(60 * 12)
})

test('a conversation with more turns than an actor remembers ids is known whole', async () => {
  const [long = {}] = conversationsOf(1, 1_500)
  const path = await fileOf('long-one.jsonl', [long])

  expect(await importFile(path, 'long')).toMatchObject({ added: 1_500 })
  expect(await importFile(path, 'long')).toMatchObject({ added: 0, known: 1_500, published: 0 })
})

test('what happened live is known to a later import of it', async () => {
  const path = await fileOf('lived.jsonl', [{ id: 'l', turns: [{ role: 'user', text: 'Hello!' }] }])
  await importFile(path, 'lived', { mode: 'live' })
  const [, reply] =
    (await recordsOf('lived')).get('l')?.flatMap(({ input, emitted }) => [input.data?.['text'], ...emitted.map(({ data }) => data['text'])])
    ?? []
  const whole = await fileOf('lived-2.jsonl', [
    {
      id: 'l',
      turns: [
        { role: 'user', text: 'Hello!' },
        { role: 'assistant', text: reply },
        { role: 'user', text: 'Thanks' },
      ],
    },
  ])

  expect(await importFile(whole, 'lived')).toMatchObject({ added: 1, known: 2, changed: 0 })
  expect(await importFile(path, 'lived', { mode: 'live' })).toMatchObject({ added: 0, known: 1 })
})

test('a kind that is not in use is refused, and so is a file without conversations, in one sentence', async () => {
  const path = await fileOf('some.jsonl', [said('a', 'x y')])
  const csv = await fileOf('some.csv', ['id,text', ...upTo(5_000).map((row) => `${row},"hello, ${row}"`)])
  const zip = await fileOf('some.zip', ['PK\u0003\u0004'])

  expect(await runCli(['import', path, '--kind', 'suport'], { dataDir })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('code: no_such_kind') as unknown,
  })
  const noJson = await runCli(['import', csv], { dataDir })
  expect(noJson.stderr).toMatch(
    /^.*some\.csv has no conversation that "colloquy import" can read: line 1: not JSON\ncode: no_conversations/,
  )
  expect(await runCli(['import', zip], { dataDir })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('a ZIP archive: unpack it') as unknown,
  })
})

test('with --wait the command tells what was rejected', async () => {
  const path = await fileOf('strict.jsonl', [said('s', 'x y'), { id: 't', turns: [{ role: 'agent', text: 'x', agent: 'ann' }] }])
  const { code, stdout, stderr } = await runCli(['import', path, '--kind', 'strict', '--json', '--wait'], { dataDir })

  expect([code, JSON.parse(stdout)]).toMatchObject([1, { added: 3, rejected: 1 }])
  expect(stderr).toMatch(/1 input rejected[^]*code: rejected_turns/)
})
