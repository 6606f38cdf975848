import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StreamName } from '../../../schemas/subjects.ts'
import { caughtUp, type Entry, publishAll, readLog, rows } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let dataDir: string
let copies: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-truncated-'))
  copies = await mkdtemp(join(tmpdir(), 'colloquy-copy-'))
})
afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true })
  await rm(copies, { recursive: true, force: true })
})

const ACTORS = 10
const input = (i: number) => ({ subject: `in.acme.toy.t${i % ACTORS}`, body: { type: 'add', id: `i-${i}`, data: { by: 1 } } })
const inputs = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => input(from + i))
const idsOf = (entries: readonly Entry[]) => entries.map((entry) => entry.record.input.id).sort()
const expectedIds = (...ranges: [number, number][]) => ranges.flatMap(([from, to]) => inputs(from, to).map(({ body }) => body.id)).sort()

/** Runs a system on the data folder, does the work, waits until every stage is caught up, and stops the system. */
async function session<T>(work: (system: System) => Promise<T>): Promise<T> {
  const system = await startSystem({ kinds: [toyKind], dataDir })
  try {
    const result = await work(system)
    await caughtUp(system)
    return result
  } finally {
    await system.stop()
  }
}

/** The folder in which nats-server stores a stream. */
async function folderOf(stream: StreamName): Promise<string> {
  const all = await readdir(join(dataDir, 'nats'), { recursive: true, withFileTypes: true })
  const found = all.find((entry) => entry.isDirectory() && entry.name === stream)
  if (found === undefined) throw new Error(`no folder of ${stream}`)
  return join(found.parentPath, found.name)
}

const keep = async (stream: StreamName) => cp(await folderOf(stream), join(copies, stream), { recursive: true })
const putBack = async (stream: StreamName) => {
  const folder = await folderOf(stream)
  await rm(folder, { recursive: true })
  await cp(join(copies, stream), folder, { recursive: true })
}

/** Asserts that the tables equal LOG, by a path that shares no code with the projector. */
async function tablesEqualLog(system: System): Promise<void> {
  const log = await readLog(system)
  expect(await rows(system, 'SELECT seq, idx, id FROM events ORDER BY seq, idx')).toEqual(
    log.flatMap(({ seq, record }) => [
      { seq, idx: 0, id: record.input.id },
      ...record.emitted.map((event, index) => ({ seq, idx: index + 1, id: event.id })),
    ]),
  )
  const last = new Map(log.map((entry) => [entry.actor, entry]))
  expect(await rows(system, 'SELECT actor, n, last_seq, label.count AS count FROM actors ORDER BY actor')).toEqual(
    [...last.values()]
      .map(({ actor, seq, record }) => ({ actor: actor.split('/')[2], n: record.n, last_seq: seq, count: record.label['count'] }))
      .sort((a, b) => ((a.actor ?? '') < (b.actor ?? '') ? -1 : 1)),
  )
}

describe('truncated streams', () => {
  test('after a truncation of LOG behind its readers and INBOX the inputs are decided again, and the tables follow', async () => {
    await session((system) => publishAll(system, inputs(0, 40)))
    await keep('LOG')
    await session((system) => publishAll(system, inputs(40, 70)))
    await putBack('LOG')
    await session(async (system) => {
      await publishAll(system, inputs(70, 75))
      await caughtUp(system)
      expect(idsOf(await readLog(system))).toEqual(expectedIds([0, 75]))
      await tablesEqualLog(system)
    })
    await session(async (system) => {
      expect(idsOf(await readLog(system))).toEqual(expectedIds([0, 75]))
      await tablesEqualLog(system)
    })
  })

  test('after a truncation of INBOX no input that is published into the gap is passed over, also after another start', async () => {
    await session((system) => publishAll(system, inputs(0, 40)))
    await keep('INBOX')
    await session((system) => publishAll(system, inputs(40, 70)))
    await putBack('INBOX')
    await session(async (system) => {
      await publishAll(system, inputs(70, 90))
      await caughtUp(system)
      expect(idsOf(await readLog(system))).toEqual(expectedIds([0, 90]))
    })
    await session(async (system) => {
      await publishAll(system, inputs(90, 95))
      await caughtUp(system)
      expect(idsOf(await readLog(system))).toEqual(expectedIds([0, 95]))
      await tablesEqualLog(system)
    })
  })

  test('tables that are ahead of a LOG that was truncated and grew again keep no row of the lost records', async () => {
    await session((system) => publishAll(system, inputs(0, 40)))
    await keep('LOG')
    await keep('INBOX')
    await session((system) => publishAll(system, inputs(40, 70)))
    await putBack('LOG')
    await putBack('INBOX')
    await session(async (system) => {
      await publishAll(system, inputs(100, 160))
      await caughtUp(system)
      expect(idsOf(await readLog(system))).toEqual(expectedIds([0, 40], [100, 160]))
      await tablesEqualLog(system)
    })
  })
})

describe('stop and start', () => {
  test('a stop and a start change no record and no row', async () => {
    const recordsAndRows = async (system: System) => ({
      log: (await readLog(system)).length,
      events: await rows(system, 'SELECT * FROM events ORDER BY seq, idx'),
      actors: await rows(system, 'SELECT * FROM actors ORDER BY actor'),
    })
    const before = await session(async (system) => {
      await publishAll(system, [...inputs(0, 30), { subject: 'in.acme.toy.t1', body: { type: 'ask', data: { q: 'x' } } }])
      await caughtUp(system)
      return recordsAndRows(system)
    })
    expect(await session(recordsAndRows)).toEqual(before)
  })
})
