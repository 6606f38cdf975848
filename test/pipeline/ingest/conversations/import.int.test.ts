import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { nanos } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntilCaughtUp } from '../../../../infra/app/system-status.ts'
import { importLines, type ImportOptions, type ImportSummary } from '../../../../pipeline/ingest/conversations/import-conversations.ts'
import { openLines } from '../../../../pipeline/ingest/line-file.ts'
import { openReader } from '../../../../pipeline/jetstream/ordered-reader.ts'
import type { LogRecord } from '../../../../schemas/record.ts'
import { parseLogSubject } from '../../../../schemas/subjects.ts'
import { runCli } from '../../../support/run-cli.ts'
import { startSystem, type System, temporaryFolder } from '../../../support/test-system.ts'

const DEMO = new URL('../../../../infra/demo/conversations.jsonl', import.meta.url)
/** Without the projector: the tests read the log only. */
const ROLES = 'host,dispatch,tasks'
const CATCH_UP_MS = 60_000

let dataDir: string
let system: System

beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir, settings: { ROLES } })
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

/** Input ids of the records of an imported conversation, in order. */
const idsOf = (actorId: string, turns: number): string[] => [...upTo(turns).map((turn) => `${actorId}-${turn}`), `imported-${turns}`]

async function fileOf(name: string, lines: readonly (object | string)[]): Promise<string> {
  const path = join(dataDir, name)
  const content = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  await writeFile(path, name.endsWith('.gz') ? gzipSync(content) : content)
  return path
}

async function importFile(path: string, tenant: string, options: Partial<ImportOptions> = {}): Promise<ImportSummary> {
  const { lines } = await openLines(path)
  return importLines(lines, { nc: system.running.jetstream.nc, tenant, kind: 'support', mode: 'history', replyWaitMs: 10_000, ...options })
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
    records.set(id, [...(records.get(id) ?? []), message.json<LogRecord>()])
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
    expect(history.map(({ input }) => input.id)).toEqual(idsOf(id, 9))
    expect(history.map(({ n, outcome }) => [n, outcome])).toEqual(history.map((_, index) => [index + 1, 'committed']))
  }
})

test('importing a file again changes nothing, even after the deduplication window of INBOX', async () => {
  const path = await fileOf('again.jsonl', conversationsOf(5, 4))
  await importFile(path, 'again')
  await waitUntilCaughtUp(system.settings, CATCH_UP_MS)
  const before = await logLast()

  expect(await importFile(path, 'again')).toMatchObject({ published: 0, duplicates: 25 })
  await system.running.jetstream.jsm.streams.update('INBOX', { duplicate_window: nanos(100) })
  await expect.poll(async () => (await importFile(path, 'again')).duplicates).toBe(0)
  await system.running.jetstream.jsm.streams.update('INBOX', { duplicate_window: nanos(120_000) })

  await waitUntilCaughtUp(system.settings, CATCH_UP_MS)
  expect(await logLast()).toBe(before)
})

test('importing a conversation that has grown adds only its new turns', async () => {
  await importFile(await fileOf('short.jsonl', conversationsOf(1, 2)), 'grown')
  await importFile(await fileOf('long.jsonl', conversationsOf(1, 4)), 'grown')

  const history = (await recordsOf('grown')).get('c1')
  expect(history?.map(({ input }) => input.id)).toEqual(['c1-1', 'c1-2', 'imported-2', 'c1-3', 'c1-4', 'imported-4'])
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
    expect(history.map(({ input }) => input.id)).toEqual(idsOf(id, 30))
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
  })
  expect(stderr).toMatch(/line 1: not JSON[^]*line 4: turns[^]*code: bad_lines/)
  expect([...(await recordsOf('bad')).keys()].sort()).toEqual(['b64-U3RyYcOfZSAxL8Op', 'c1'])
})
