import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { mayHaveLastCopies } from '../../../infra/app/damaged-tables.ts'
import { checkPart } from '../../../infra/app/part-check.ts'
import { startPendingRebuild } from '../../../infra/app/rebuild/pending-rebuild.ts'
import { runRebuild } from '../../../infra/app/rebuild/run-rebuild.ts'
import { readProblems } from '../../../infra/app/system-problems.ts'
import { clientOf } from '../../support/http-requests.ts'
import { runCli } from '../../support/run-cli.ts'
import { caughtUp, publishAll, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

/** A stopped data folder with conversations, whose tables have been rebuilt once; each test damages a copy. */
let made: string
/** The folder of each table's rows, within the data folder. */
let places: ReadonlyMap<string, string>
let collection = ''

let dataDir: string
let started: AsyncDisposableStack
const logged: string[] = []
const log = pino({ level: 'error' }, { write: (line: string) => logged.push((JSON.parse(line) as { msg: string }).msg) })

const question = (text: string) => ({ type: 'message.received', data: { role: 'user', text } })
const TEXTS = ['How long does shipping take?', 'Where is my parcel?', 'I want to return these shoes', 'Can I pay by invoice?']
/** Whether a search finds a message of the folder. */
const find = async (system: System): Promise<boolean> => {
  const { get } = clientOf(system.running.http?.url ?? '')
  const { body } = await get('/v1/search?tenant=acme&q=parcel&mode=keyword')
  const hits = (body['hits'] ?? []) as readonly { text: string }[]
  return hits.some(({ text }) => text === 'Where is my parcel?')
}

beforeAll(async () => {
  made = await temporaryFolder()
  const system = await startSystem({ dataDir: made })
  await publishAll(
    system,
    TEXTS.map((text, index) => ({ subject: `in.acme.support.c${index}`, body: question(text) })),
  )
  await caughtUp(system)
  await runRebuild(
    system.settings,
    ['events', 'messages'],
    { records: () => undefined, waits: () => undefined },
    new AbortController().signal,
  )
  await vi.waitUntil(() => find(system), { timeout: 60_000 })
  const tables = await rows<{ name: string; path: string }>(
    system,
    `SELECT name, data_paths[1] AS path FROM system.tables WHERE database = currentDatabase() AND data_paths != []`,
  )
  places = new Map(tables.map(({ name, path }) => [name, path.slice(made.length + 1)]))
  collection = tables.map(({ name }) => name).find((name) => /^memory_.*(?<!_terms|_postings|_intake|_tags|_filled)$/.test(name)) ?? ''
  await system.stop()
})
afterAll(() => rm(made, { recursive: true, force: true }))

beforeEach(async () => {
  started = new AsyncDisposableStack()
  dataDir = await temporaryFolder()
  started.defer(() => rm(dataDir, { recursive: true, force: true }))
  // Not the pipes of the engine, which each start makes.
  await cp(made, dataDir, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !/clickhouse\/(starting|serving|stopping)$/.test(path),
  })
  logged.length = 0
})
afterEach(() => started.disposeAsync())

const definition = (table: string): string => join(dataDir, 'clickhouse/data/metadata/colloquy', `${table}.sql`)
async function partsIn(table: string): Promise<string[]> {
  const folder = join(dataDir, places.get(table) ?? '')
  const names = await readdir(folder)
  return names.filter((name) => /_\d+_\d+_\d+$/.test(name)).map((name) => join(folder, name))
}
/** Damages every part of a table. */
const inParts = (table: string, damage: (part: string) => Promise<void>) => async (): Promise<void> => {
  const parts = await partsIn(table)
  expect(parts.length).toBeGreaterThan(0)
  for (const part of parts) await damage(part)
}
const garbageIn = (file: string) => (part: string) => writeFile(join(part, file), 'garbage')
/** Changes one byte in the middle of the rows, as a disk would. */
async function flip(part: string): Promise<void> {
  const data = (await readdir(part)).find((name) => name.endsWith('.bin')) ?? ''
  const bytes = await readFile(join(part, data))
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 0xff
  await writeFile(join(part, data), bytes)
}

async function start(): Promise<System> {
  const system = await startSystem({ dataDir, log })
  started.defer(system.stop)
  const pending = startPendingRebuild(system.settings, () => system.running.client, silent)
  started.defer(() => pending.stop())
  return system
}

async function expectWhole(system: System, questions = TEXTS.length + 1): Promise<void> {
  await publishAll(system, [{ subject: 'in.acme.support.c9', body: question('Do you ship to Norway?') }])
  await caughtUp(system)
  await expect.poll(() => tablesBesideLog(system), { timeout: 30_000, interval: 200 }).toEqual([])
  await expect
    .poll(() => rows(system, "SELECT count() AS n FROM messages WHERE role = 'user'"), { timeout: 30_000 })
    .toEqual([{ n: questions }])
  await expect.poll(() => find(system), { timeout: 30_000 }).toBe(true)
}

const damages: [string, string, () => Promise<void>][] = [
  ['columns of a part', 'messages_rows', inParts('messages_rows', garbageIn('columns.txt'))],
  ['checksums of a part', 'events_rows', inParts('events_rows', garbageIn('checksums.txt'))],
  ['a missing file of a part', 'actors_rows', inParts('actors_rows', (part) => rm(join(part, 'data.bin')))],
  ['a file that ends early', 'cases_rows', inParts('cases_rows', (part) => truncate(join(part, 'data.bin'), 10))],
  ['the definition of a table', 'events_rows', () => writeFile(definition('events_rows'), 'ATTACH garbage')],
  ['an empty definition', 'turns_rows', () => writeFile(definition('turns_rows'), '')],
  ['a missing definition', 'messages_rows', () => rm(definition('messages_rows'))],
  ['the definition of a view', 'messages', () => writeFile(definition('messages'), 'ATTACH garbage')],
  ['the format of a table', 'tasks_rows', () => writeFile(join(dataDir, places.get('tasks_rows') ?? '', 'format_version.txt'), 'x')],
  ['the progress mark', 'progress', inParts('progress', flip)],
  ['the definition of the progress mark', 'progress', () => writeFile(definition('progress'), '')],
  ['the generations', 'generations', inParts('generations', garbageIn('columns.txt'))],
  ['a byte of the generations', 'generations', inParts('generations', flip)],
  ['the definition of the generations', 'generations', () => writeFile(definition('generations'), 'x')],
  ['the migrations', 'migrations', inParts('migrations', flip)],
  ['the database', 'colloquy', () => writeFile(join(dataDir, 'clickhouse/data/metadata/colloquy.sql'), 'x')],
]
test.each(damages)(
  'damage to %s (%s) is set aside and named, and everything is made again from LOG',
  async (_what, table, damage) => {
    await damage()

    const system = await start()

    expect(logged.filter((line) => line.includes(table))).toHaveLength(1)
    await expectWhole(system)
    // Nothing is found twice.
    await system.stop()
    logged.length = 0
    await expectWhole(await start(), TEXTS.length + 2)
    expect(logged).toEqual([])
  },
  120_000,
)

test('damage to the search index is set aside, and the index is filled again', async () => {
  await inParts(collection, garbageIn('columns.txt'))()
  await writeFile(definition(`${collection}_postings`), 'x')

  await expectWhole(await start())

  expect(logged.join()).toContain(collection)
})

test('the search index of an earlier version, which has no table of tags, is kept', async () => {
  await rm(definition(`${collection}_tags`))

  await expectWhole(await start())

  expect(logged.filter((line) => line.includes(collection))).toEqual([])
})

test('a byte that a disk has changed is found while the system runs', async () => {
  const system = await start()
  // Not before the start: its queries would meet the byte, and the system's own watch would find it first.
  await inParts('events_rows', flip)()
  const { client, clickhouse } = system.running
  if (client === undefined) throw new Error('no client')
  const deps = { clickhouse: client, folder: clickhouse?.folder, lostRecords: async () => [{ from: 1, to: 2 }], log }

  const parts = await rows<{ table: string; name: string }>(
    system,
    'SELECT table, name FROM system.parts WHERE database = currentDatabase() AND active',
  )
  const damaged: string[] = []
  for (const part of parts) if (await checkPart(deps, part)) damaged.push(part.table)

  expect(new Set(damaged)).toEqual(new Set(['events_rows']))
  expect(logged.join()).toContain(join(dataDir, 'clickhouse', 'set-aside'))
  expect(logged.join()).toContain('LOG has lost 2 records, whose rows it cannot give back: the last copies may be in that folder')
  const pending = startPendingRebuild(system.settings, () => client, silent)
  started.defer(() => pending.stop())
  await expectWhole(system)
})

test.each(['', '_postings'])(
  'damage to the search index (table …%s), in a running system: a search says so, and the index is filled again',
  async (suffix) => {
    const system = await startSystem({ dataDir, log })
    started.defer(system.stop)
    await inParts(`${collection}${suffix}`, garbageIn('data.bin'))()
    const { get } = clientOf(system.running.http?.url ?? '')

    const { status, body, headers } = await get('/v1/search?tenant=acme&q=parcel')

    expect([status, body['code'], headers.get('retry-after')]).toEqual([503, 'table_damaged', '5'])
    await expect.poll(() => logged.join(), { timeout: 15_000 }).toContain('fills the search index again')
    await expectWhole(system)
  },
  60_000,
)

test.each([
  ['a byte that a disk has changed', inParts('events_rows', flip)],
  ['rows that are garbage', inParts('events_rows', garbageIn('data.bin'))],
  ['a file that ends early', inParts('events_rows', (part) => truncate(join(part, 'data.bin'), 10))],
  ['a part whose folder is gone', inParts('events_rows', (part) => rm(part, { recursive: true }))],
])(
  '%s, in a running system: the first query that meets it says so, and the table is made again within seconds',
  async (what, damage) => {
    const system = await startSystem({ dataDir, log })
    started.defer(system.stop)
    await damage()
    const cli = { dataDir }

    const { code, stderr } = await runCli(['verify'], cli)
    const asked = await runCli(['sql', 'SELECT sum(length(data_raw)) FROM events'], cli)
    // The folder may have been found before the query.
    if (!what.includes('gone')) {
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/(the table events in ClickHouse|a table in ClickHouse|a part of [a-z_, ]*events)[^]*code: table_damaged/),
      ])
    }
    expect(asked.stderr === '' || asked.stderr.includes('table_damaged')).toBe(true)
    const foundMs = performance.now()
    await expect
      .poll(() => readProblems(system.settings), { timeout: 15_000, interval: 500 })
      .toContainEqual(expect.objectContaining({ code: 'table_damaged', what: expect.stringContaining('events') as string }))
    expect(performance.now() - foundMs).toBeLessThan(15_000)
    expect(logged.join()).toContain('a part of the table events_rows in ClickHouse was damaged')

    const pending = startPendingRebuild(system.settings, () => system.running.client, silent)
    started.defer(() => pending.stop())
    await expectWhole(system)
    await expect.poll(() => readProblems(system.settings)).toEqual([])
  },
  120_000,
)

test.each(['progress', 'generations', 'migrations'])(
  'a damaged part of the table %s, in a running system: named at once, set aside, and written again without a restart',
  async (table) => {
    const system = await startSystem({ dataDir, log })
    started.defer(system.stop)
    // A merge would replace a part while its byte is changed, and the table would be whole.
    await system.running.client?.command({ query: `SYSTEM STOP MERGES ${table}` })
    await inParts(table, flip)()
    await system.running.client?.command({ query: `SYSTEM START MERGES ${table}` })

    const named = await readProblems(system.settings)

    const repaired = `a part of the table ${table} in ClickHouse was damaged`
    // Its part may have been set aside before it was read; the line about it comes a moment later.
    if (named.length === 0) await expect.poll(() => logged.join(), { timeout: 5_000 }).toContain(repaired)
    else {
      expect(named).toContainEqual(
        expect.objectContaining({ code: 'table_damaged', what: expect.stringContaining(`${table} cannot be read`) as string }),
      )
    }
    await expect.poll(() => logged.join(), { timeout: 15_000 }).toContain(repaired)
    await expect.poll(() => readProblems(system.settings), { timeout: 30_000 }).toEqual([])
    expect(logged.join()).not.toContain('restart Colloquy')
    await expectWhole(system)
    const { code, stdout, stderr } = await runCli(['verify'], { dataDir })
    expect([code, stderr, stdout]).toEqual([0, '', expect.stringMatching(/events\s+[1-9]/)])
  },
  120_000,
)

test('the rows of a part are looked up among the lost records, so that only last copies are called so', async () => {
  const system = await start()
  const { client } = system.running
  if (client === undefined) throw new Error('no client')
  const [part] = await rows<{ name: string }>(system, "SELECT name FROM system.parts WHERE table = 'events_rows' AND active")
  const isLastCopy = (from: number, to: number): Promise<boolean> =>
    mayHaveLastCopies({ clickhouse: client, folder: undefined, lostRecords: async () => [{ from, to }], log }, 'events', part?.name ?? '')

  expect([await isLastCopy(1, 2), await isLastCopy(1_000, 2_000)]).toEqual([true, false])
})
