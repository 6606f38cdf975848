import { cp, lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startNatsServer } from '../../../infra/servers/nats/nats-server.ts'
import { obtainNatsServer } from '../../../infra/servers/nats/obtain-nats.ts'
import type { StreamName } from '../../../schemas/subjects.ts'
import { keeperKind } from '../../support/keeper-kind.ts'
import { ledgerKind, tellerKind } from '../../support/sender-kinds.ts'
import { caughtUp, type Entry, publishAll, readLog, tablesBesideLog } from '../../support/system-assertions.ts'
import { silent, startSystem, type System, type SystemOptions } from '../../support/test-system.ts'

let dataDir: string
let copies: string
let logLines: string[]
const log = pino(
  { level: 'warn' },
  {
    write: (line: string) => {
      logLines.push(line)
    },
  },
)
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-restored-'))
  copies = await mkdtemp(join(tmpdir(), 'colloquy-copy-'))
  logLines = []
})
afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true })
  await rm(copies, { recursive: true, force: true })
})

const kinds = [keeperKind, ledgerKind, tellerKind]
const to = (id: string, type: string, data: unknown) => ({ subject: `in.acme.keeper.${id}`, body: { type, id: `${id}-${type}`, data } })
const say = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    subject: `in.acme.keeper.k${(from + i) % 10}`,
    body: { type: 'say', id: `s-${from + i}`, data: { text: `${from + i}` } },
  }))
const idsOf = (entries: readonly Entry[]) =>
  entries
    .map(({ record }) => record.input.id)
    .filter((id) => id.startsWith('s-'))
    .sort()
const expectedIds = (...ranges: [number, number][]) => ranges.flatMap(([from, count]) => say(from, count).map(({ body }) => body.id)).sort()
const answersIn = (entries: readonly Entry[]) => entries.flatMap(({ record }) => record.emitted).filter(({ type }) => type === 'told')

/** Runs a system on the data folder, does the work, waits until every stage is caught up, and stops the system. */
async function session<T>(work: (system: System) => Promise<T>, options: SystemOptions = {}): Promise<T> {
  const system = await startSystem({ kinds, dataDir, log, ...options })
  try {
    const result = await work(system)
    if (options.settings === undefined) await caughtUp(system)
    return result
  } finally {
    await system.stop()
  }
}
const WITHOUT_RUNNER: SystemOptions = { settings: { ROLES: 'host,dispatch,project' } }
/** Like `caughtUp`, but does not wait for the tasks, which no runner takes. */
async function decidedAndDispatched({ running: { jetstream, stages } }: System): Promise<void> {
  const at = (role: 'host' | 'dispatch' | 'project') => stages.get(role)?.status().position ?? 0
  for (let calm = 0; calm < 3; await new Promise((resume) => setTimeout(resume, 20))) {
    const [inbox, records] = await Promise.all([jetstream.jsm.streams.info('INBOX'), jetstream.jsm.streams.info('LOG')])
    calm =
      at('host') >= inbox.state.last_seq && at('dispatch') >= records.state.last_seq && at('project') >= records.state.last_seq
        ? calm + 1
        : 0
  }
}

async function folderOf(stream: StreamName): Promise<string> {
  const all = await readdir(join(dataDir, 'nats'), { recursive: true, withFileTypes: true })
  const found = all.find((entry) => entry.isDirectory() && entry.name === stream)
  if (found === undefined) throw new Error(`no folder of ${stream}`)
  return join(found.parentPath, found.name)
}
/** Servers leave sockets and pipes behind, which are not data. */
const isData = async (path: string): Promise<boolean> => (await lstat(path)).isFile() || (await lstat(path)).isDirectory()
const keep = async (folder: string, name: string) => cp(folder, join(copies, name), { recursive: true, filter: isData })
const putBack = async (folder: string, name: string) => {
  await rm(folder, { recursive: true })
  await cp(join(copies, name), folder, { recursive: true })
}
const keepStreams = async (...streams: StreamName[]) => {
  for (const one of streams) await keep(await folderOf(one), one)
}
const putStreamsBack = async (...streams: StreamName[]) => {
  for (const one of streams) await putBack(await folderOf(one), one)
}
const schedulesOf = async ({ running: { jetstream } }: System): Promise<Record<string, number>> =>
  (await jetstream.jsm.streams.info('TIMERS', { subjects_filter: 'timer.>' })).state.subjects ?? {}

describe('restored servers', () => {
  test('after a restore of TASKS and TIMERS every pending task and wake-up is scheduled again, once', async () => {
    await session(async (system) => {
      await publishAll(system, [to('z0', 'sleep', {}), ...say(0, 10)])
      await decidedAndDispatched(system)
    }, WITHOUT_RUNNER)
    await keepStreams('TASKS', 'TIMERS')
    const before = await session(async (system) => {
      await publishAll(system, [to('t1', 'ask', { q: 'one?' }), to('t2', 'ask', { q: '二？' }), to('z1', 'sleep', {}), ...say(10, 10)])
      await decidedAndDispatched(system)
      return schedulesOf(system)
    }, WITHOUT_RUNNER)
    await putStreamsBack('TASKS', 'TIMERS')
    await session(async (system) => {
      await expect.poll(() => schedulesOf(system)).toEqual(before)
      const { state } = await system.running.jetstream.jsm.streams.info('TASKS')
      expect(state.messages).toBe(2)
    }, WITHOUT_RUNNER)
    expect(logLines.join('')).toMatch(/TASKS lost its last messages.*\n.*TIMERS lost its last messages/)
    logLines = []
    await session(async (system) => {
      await expect.poll(async () => answersIn(await readLog(system)).length).toBe(2)
      await caughtUp(system)
      const entries = await readLog(system)
      expect(
        answersIn(entries)
          .map(({ data }) => data['text'])
          .sort(),
      ).toEqual(['答: one?', '答: 二？'])
      expect(idsOf(entries)).toEqual(expectedIds([0, 20]))
      expect(await tablesBesideLog(system)).toEqual([])
    })
    expect(logLines.join('')).not.toContain('lost its last messages')
  })

  test('after a restore of SENT its messages are sent again, and their receivers recognise the duplicates', async () => {
    const pay = (no: number) => ({ subject: 'in.acme.teller.t1', body: { type: 'pay', id: `p${no}`, data: { to: 'l1', no } } })
    await session((system) => publishAll(system, [pay(1), pay(2)]))
    await keepStreams('SENT')
    const before = await session(async (system) => {
      await publishAll(system, [pay(3), pay(4)])
      await caughtUp(system)
      return readLog(system)
    })
    await putStreamsBack('SENT')
    await session(async (system) => {
      await caughtUp(system)
      expect(await readLog(system)).toEqual(before)
      const { state } = await system.running.jetstream.jsm.streams.info('SENT')
      expect(state.last_seq).toBeGreaterThanOrEqual(8)
      await publishAll(system, [pay(5)])
      await caughtUp(system)
      expect(
        (await readLog(system)).filter(({ actor }) => actor === 'acme/ledger/l1').map(({ record }) => record.input.data?.['no']),
      ).toEqual([1, -1, 2, -2, 3, -3, 4, -4, 5, -5])
    })
    expect(logLines.join('')).toContain('SENT lost its last messages')
  })

  test('after a restore of all of NATS the tables that are ahead follow it, and no event id comes back with other content', async () => {
    await session((system) => publishAll(system, say(0, 20)))
    await keep(join(dataDir, 'nats'), 'nats')
    const lostRecords = await session(async (system) => {
      await publishAll(system, [...say(20, 30), to('t1', 'ask', { q: 'lost?' })])
      await caughtUp(system)
      return readLog(system)
    })
    await putBack(join(dataDir, 'nats'), 'nats')
    await session(async (system) => {
      await publishAll(system, [...say(100, 40), to('t1', 'ask', { q: 'again?' })])
      await caughtUp(system)
      const entries = await readLog(system)
      expect(idsOf(entries)).toEqual(expectedIds([0, 20], [100, 40]))
      expect(await tablesBesideLog(system)).toEqual([])
      const contents = new Map<string, string>()
      for (const { record } of [...lostRecords, ...entries]) {
        for (const { id, type, data } of record.emitted) {
          const content = JSON.stringify({ type, data })
          expect(contents.get(id) ?? content).toBe(content)
          contents.set(id, content)
        }
      }
    })
  })

  test('after a restore of ClickHouse the tables catch up', async () => {
    await session((system) => publishAll(system, say(0, 20)))
    await keep(join(dataDir, 'clickhouse'), 'clickhouse')
    await session((system) => publishAll(system, say(20, 30)))
    await putBack(join(dataDir, 'clickhouse'), 'clickhouse')
    await session(async (system) => {
      await caughtUp(system)
      expect(await tablesBesideLog(system)).toEqual([])
      expect(idsOf(await readLog(system))).toEqual(expectedIds([0, 50]))
    })
  })

  test('a running system notices at its reconnect that INBOX and LOG were restored', async () => {
    const { command: binary } = await obtainNatsServer({ cacheDir: join(homedir(), '.cache', 'colloquy'), log: silent })
    const startServer = (port: number) => startNatsServer({ dataDir, port, binary, log: silent, storageBytesMax: 1024 ** 3 })
    let server = await startServer(0)
    const { port } = server
    const own = await mkdtemp(join(tmpdir(), 'colloquy-restored-'))
    const system = await startSystem({
      kinds,
      dataDir: own,
      log,
      settings: {
        NATS_URL: server.url,
        NATS_USER: server.user,
        NATS_PASSWORD: server.password,
        STORAGE_BYTES_MAX: String(512 * 1024 ** 2),
      },
    })
    try {
      const publish = (messages: ReturnType<typeof say>) => publishAll(system, messages)
      /** Repeats a message until it is acknowledged: one that is sent during a reconnect may be lost without an answer. */
      const publishUntilAcknowledged = ([message]: ReturnType<typeof say>) =>
        expect
          .poll(() =>
            system.producer.request(message?.subject ?? '', JSON.stringify(message?.body), { timeout: 500 }).then(
              () => true,
              () => false,
            ),
          )
          .toBe(true)
      await publish(say(0, 20))
      await caughtUp(system)
      await server.stop()
      await keepStreams('INBOX', 'LOG')
      server = await startServer(port)
      await publishUntilAcknowledged(say(20, 1))
      await publish(say(21, 29))
      await caughtUp(system)
      await server.stop()
      await putStreamsBack('INBOX', 'LOG')
      server = await startServer(port)
      await publishUntilAcknowledged(say(100, 1))
      await publish(say(101, 39))
      await expect.poll(async () => idsOf(await readLog(system))).toEqual(expectedIds([0, 20], [100, 40]))
      await caughtUp(system)
      await expect.poll(() => tablesBesideLog(system)).toEqual([])
      expect(logLines.join('')).toContain('LOG lost its last messages')
    } finally {
      await system.stop()
      await server.stop()
      await rm(own, { recursive: true, force: true })
    }
  })
})
