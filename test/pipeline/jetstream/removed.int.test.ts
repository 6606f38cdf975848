import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { StoreCompression } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { openJetStream } from '../../../infra/app/nats-access.ts'
import { type NatsServer, startNatsServer } from '../../../infra/servers/nats/nats-server.ts'
import { obtainNatsServer } from '../../../infra/servers/nats/obtain-nats.ts'
import { openReader } from '../../../pipeline/jetstream/ordered-reader.ts'
import { findResumePosition, type StreamPosition } from '../../../pipeline/jetstream/position-history.ts'
import { findRemoved, holeAround, loadRemoved, removedSql, storeRemoved } from '../../../pipeline/jetstream/removed.ts'
import { resumeReading } from '../../../pipeline/jetstream/resume-reading.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { damageLengthOf } from '../../support/damage-log.ts'
import { silent, temporaryFolder } from '../../support/test-system.ts'

let dataDir: string | undefined
let server: NatsServer | undefined
let jetstream: Awaited<ReturnType<typeof openJetStream>>

async function start(): Promise<void> {
  const { command: binary } = await obtainNatsServer({ cacheDir: join(homedir(), '.cache', 'colloquy'), log: silent })
  dataDir ??= await temporaryFolder()
  server = await startNatsServer({ dataDir, port: 0, binary, log: silent, storageBytesMax: 200_000_000 })
  jetstream = await openJetStream(await connect({ servers: server.url, user: server.user, pass: server.password }))
}
async function stop(): Promise<void> {
  await jetstream.close()
  await server?.stop()
  server = undefined
}
beforeEach(async () => {
  if (server === undefined) await start()
  for await (const name of jetstream.jsm.streams.names()) await jetstream.jsm.streams.delete(name)
  await jetstream.jsm.streams.add({ name: 'LOG', subjects: ['log.>'], allow_direct: true, compression: StoreCompression.S2 })
  await jetstream.jsm.streams.add({ name: 'REMOVED', subjects: ['removed.*'], allow_direct: true })
})
afterAll(async () => {
  await stop()
  if (dataDir !== undefined) await rm(dataDir, { recursive: true })
})

const publish = async (count: number, bytes = 10): Promise<void> => {
  for (let i = 0; i < count; i += 1) await jetstream.js.publish('log.1.x', randomBytes(bytes).toString('hex'))
}
const rangesOf = async (): Promise<[number, number][]> => (await findRemoved(jetstream)).ranges.map(({ from, to }) => [from, to])
const deps = () => ({ jetstream, log: silent, metrics: createMetrics() })

describe('what LOG lost inside', () => {
  test('is found, stored once, and merged with what was known', async () => {
    await publish(12)
    for (const seq of [1, 2, 5, 6, 9]) await jetstream.jsm.streams.deleteMessage('LOG', seq)
    expect((await findRemoved(jetstream)).unknown).toEqual([
      { from: 1, to: 2 },
      { from: 5, to: 6 },
      { from: 9, to: 9 },
    ])
    await Promise.all([loadRemoved(deps()), loadRemoved(deps())])
    expect((await findRemoved(jetstream)).unknown).toEqual([])
    await jetstream.jsm.streams.deleteMessage('LOG', 7)
    const removed = await loadRemoved(deps())
    expect(removed.ranges.map(({ from, to }) => [from, to])).toEqual([
      [1, 2],
      [5, 7],
      [9, 9],
    ])
    expect([1, 2, 3, 5, 7, 8, 9, 10].map(removed.has)).toEqual([true, true, false, true, true, false, true, false])
    expect((await jetstream.jsm.streams.info('REMOVED')).state.messages).toBe(4)
    expect(removedSql(removed, 'seq')).toBe('arrayExists((f, t) -> seq BETWEEN f AND t, [1,5,9], [2,7,9])')
  })

  test('counts no longer where LOG was truncated and has given the sequences out again, or was created again', async () => {
    await publish(10)
    await storeRemoved(jetstream, [
      { from: 4, to: 5 },
      { from: 9, to: 20 },
    ])
    expect(await rangesOf()).toEqual([])
    await jetstream.jsm.streams.deleteMessage('LOG', 4)
    await jetstream.jsm.streams.deleteMessage('LOG', 5)
    expect(await rangesOf()).toEqual([[4, 5]])
    await jetstream.jsm.streams.delete('LOG')
    await jetstream.jsm.streams.add({ name: 'LOG', subjects: ['log.>'], allow_direct: true, first_seq: 4 })
    await publish(4)
    expect(await rangesOf()).toEqual([])
  })
})

describe('a position whose message was removed', () => {
  const positions = async (...seqs: readonly number[]): Promise<StreamPosition[]> => {
    const { created } = await jetstream.jsm.streams.info('LOG')
    return Promise.all(
      seqs.map(async (seq) => {
        const message = await jetstream.jsm.streams.getMessage('LOG', { seq })
        return { created, seq, ts: message?.time.toISOString() ?? '' }
      }),
    )
  }
  const resume = async (history: readonly StreamPosition[]) => {
    const removed = await findRemoved(jetstream)
    return findResumePosition(jetstream.jsm, 'LOG', history, async (seq) => removed.has(seq))
  }

  test('is there, also as the only one', async () => {
    await publish(10)
    const [newest, older] = await positions(8, 3)
    if (newest === undefined || older === undefined) throw new Error('no positions')
    await jetstream.jsm.streams.deleteMessage('LOG', 8)
    expect(await resume([newest, older])).toEqual({ position: newest, truncated: false })
    expect(await resume([newest])).toEqual({ position: newest, truncated: false })
    await jetstream.jsm.streams.deleteMessage('LOG', 3)
    expect(await resume([newest, older])).toEqual({ position: newest, truncated: false })
  })

  test('is not there where an older one shows that the stream was truncated and grew again', async () => {
    await publish(10)
    const [newest, older, oldest] = await positions(8, 6, 2)
    if (newest === undefined || older === undefined || oldest === undefined) throw new Error('no positions')
    await jetstream.jsm.streams.deleteMessage('LOG', 8)
    // Another message has the sequence of the older one.
    const other = { ...older, ts: '2020-01-01T00:00:00.000Z' }
    expect(await resume([newest, other, oldest])).toEqual({ position: oldest, truncated: true })
    // The end was truncated: the newest position is beyond it.
    const beyond = { ...newest, seq: 11 }
    expect(await resume([beyond, newest, oldest])).toEqual({ position: newest, truncated: true })
  })
})

describe('a damaged file of LOG', () => {
  /** Flips bytes in a file of the stopped server. */
  async function damage(file: string, at: number): Promise<void> {
    await stop()
    const all = await readdir(join(dataDir ?? '', 'nats'), { recursive: true, withFileTypes: true })
    const found = all.find(({ name, parentPath }) => name === file && parentPath.endsWith('/LOG/msgs'))
    if (found === undefined) throw new Error(`no file ${file}`)
    const path = join(found.parentPath, found.name)
    const bytes = await readFile(path)
    const first = Math.floor(bytes.length * at)
    for (let i = first; i < first + 100; i += 1) bytes[i] = (bytes[i] ?? 0) ^ 0x5a
    await writeFile(path, bytes)
    await start()
  }
  async function readAll(to?: number): Promise<{ read: number[]; pending: number }> {
    const reader = await openReader(jetstream, {
      stream: 'LOG',
      filterSubjects: [],
      startSeq: 1,
      messagesMax: 100,
      heartbeatMs: 500,
      ...(to === undefined ? {} : { to }),
    })
    const read: number[] = []
    for await (const { seq } of reader) {
      read.push(seq)
      if (to === undefined && reader.pending === 0) break
    }
    return { read, pending: reader.pending }
  }

  test('that is compressed stops a consumer before it; a reader continues behind it, and the next one at once', async () => {
    // A file of LOG has eight megabytes, and only a full one is compressed.
    await publish(40, 150_000)
    await damage('1.blk', 0.5)
    const hole = await holeAround(jetstream, 1)
    expect(hole?.from).toBe(1)
    expect(hole?.to).toBeGreaterThan(10)
    const rest = Array.from({ length: 40 - (hole?.to ?? 0) }, (_, i) => i + 1 + (hole?.to ?? 0))
    expect(await readAll()).toEqual({ read: rest, pending: 0 })
    expect(await rangesOf()).toEqual([[1, hole?.to]])
    const startedMs = performance.now()
    expect(await readAll()).toEqual({ read: rest, pending: 0 })
    expect(await readAll(40)).toEqual({ read: rest, pending: 0 })
    expect(performance.now() - startedMs).toBeLessThan(4_000)
  })

  test('whose last message is damaged ends a bounded reader before it', async () => {
    await publish(20, 1_000)
    await damage('1.blk', 0.97)
    expect(await readAll(20)).toMatchObject({ read: Array.from({ length: 19 }, (_, i) => i + 1) })
    await storeRemoved(jetstream, [{ from: 20, to: 20 }])
    expect(await readAll(20)).toEqual({ read: Array.from({ length: 19 }, (_, i) => i + 1), pending: 0 })
  })

  test('that drops its last messages lets a reader that cannot undo its work go on exactly where LOG now ends', async () => {
    await jetstream.jsm.streams.delete('LOG')
    await jetstream.jsm.streams.add({ name: 'LOG', subjects: ['log.>'], allow_direct: true })
    await publish(60)
    const { created } = await jetstream.jsm.streams.info('LOG')
    const positionAt = async (seq: number): Promise<StreamPosition> => {
      const message = await jetstream.jsm.streams.getMessage('LOG', { seq })
      return { created, seq, ts: message?.time.toISOString() ?? '' }
    }
    // Positions are minutes apart in a real history; here one millisecond is enough.
    const history = [await positionAt(50), await positionAt(10)]
    await stop()
    await damageLengthOf(dataDir ?? '', 40)
    await start()
    expect((await jetstream.jsm.streams.info('LOG')).state.last_seq).toBe(39)
    const resume = (canUndo: boolean, positions: readonly StreamPosition[]) =>
      resumeReading({ ...deps(), reader: 'test', remedy: 'none', canUndo }, positions)
    expect(await resume(true, history)).toMatchObject({ position: 10, truncated: true })
    expect(await resume(false, history)).toMatchObject({ position: 39, truncated: true, history: [{ seq: 39 }, { seq: 10 }] })
    // The messages that take the place of lost ones are to be read.
    await publish(30)
    expect(await resume(false, history)).toMatchObject({ position: 39, truncated: true })
    // Times prove nothing where the clock has gone back since.
    const ahead = [{ ...(await positionAt(50)), ts: new Date(Date.now() + 3_600_000).toISOString() }, await positionAt(10)]
    expect(await resume(false, ahead)).toMatchObject({ position: 10, truncated: true })
  })
})
