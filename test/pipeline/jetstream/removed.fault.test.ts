import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runRebuild } from '../../../infra/app/rebuild/run-rebuild.ts'
import { readStatus } from '../../../infra/app/system-status.ts'
import { backUp } from '../../../infra/backup/backup.ts'
import { restore } from '../../../infra/backup/restore.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { readToEnd } from '../../../pipeline/jetstream/read-to-end.ts'
import { findRemoved } from '../../../pipeline/jetstream/removed.ts'
import { verify } from '../../../pipeline/verify/verify.ts'
import { restoreRecord } from '../../../schemas/record-form.ts'
import { TABLE_NAMES } from '../../../schemas/tables.ts'
import { damageLengthOf } from '../../support/damage-log.ts'
import { support } from '../../support/support-harness.ts'
import { caughtUp, type Entry, publishAll, readLog, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { settingsFor, silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-removed-'))
})
afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true })
})

const ACTORS = 5
const input = (i: number) => ({ subject: `in.acme.toy.t${i % ACTORS}`, body: { type: 'add', id: `i-${i}`, data: { by: 1 } } })
const inputs = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => input(from + i))
const says = (actor: string, text: string) => ({
  subject: `in.acme.support.${actor}`,
  body: { type: 'message.received', id: `${actor}-${text}`, data: { role: 'user', text } },
})

/** Runs a system on the data folder. */
async function session<T>(work: (system: System) => Promise<T>, roles?: string): Promise<T> {
  const settings = roles === undefined ? {} : { ROLES: roles }
  const system = await startSystem({ kinds: [toyKind, support], dataDir, settings })
  try {
    return await work(system)
  } finally {
    await system.stop()
  }
}

async function everythingCaughtUp(system: System): Promise<void> {
  await caughtUp(system)
  await expect.poll(() => system.running.stages.get('embed')?.status().lag ?? 0, { timeout: 30_000 }).toBe(0)
  const { last_seq: last } = (await system.running.jetstream.jsm.streams.info('LOG')).state
  // Checkpoints are written some time after the work.
  await expect.poll(async () => lowestCheckpoint(system), { timeout: 30_000 }).toBeGreaterThanOrEqual(last)
}

async function lowestCheckpoint({ running: { kv } }: System): Promise<number> {
  const seqs: number[] = []
  for await (const key of await kv.keys('dispatch.*')) {
    const history = (await kv.get(key))?.json<{ seq: number }[]>() ?? []
    seqs.push(history[0]?.seq ?? 0)
  }
  return Math.min(...seqs)
}

const idsOf = (entries: readonly Entry[]) => entries.map(({ record }) => record.input.id)
const twice = (ids: readonly string[]) => ids.filter((id, index) => ids.indexOf(id) !== index)

/** The ids of all events in OUT. */
async function publishedEvents({ running: { jetstream } }: System): Promise<string[]> {
  const ids: string[] = []
  for await (const batch of readToEnd(jetstream, 'OUT', {})) for (const message of batch) ids.push(message.json<{ id: string }>().id)
  return ids
}

async function expectNoTruncation({ running }: System): Promise<void> {
  const metrics = await (await running.allMetrics()).metrics()
  expect(metrics).not.toMatch(/^colloquy_tails_lost_total\{/m)
  expect(metrics).not.toMatch(/^colloquy_inputs_lost_total [1-9]/m)
}

const unprovenRows = async ({ running: { jetstream, client } }: System): Promise<number> => {
  if (client === undefined) throw new Error('no tables')
  const { tables, first } = await verify({ jetstream, clickhouse: client, signal: new AbortController().signal })
  expect(first).toEqual([])
  return Object.values(tables).reduce((sum, { unproven }) => sum + unproven, 0)
}

describe('a record of LOG that is gone', () => {
  test('and that was the last of its actor and of the log, where every reader stands, is decided again once', async () => {
    const lost = await session(async (system) => {
      await publishAll(system, [...inputs(0, 12), says('c1', 'How do I return an order?')])
      await caughtUp(system)
      await publishAll(system, inputs(12, 13))
      await everythingCaughtUp(system)
      const log = await readLog(system)
      const last = log.at(-1)
      if (last === undefined) throw new Error('LOG is empty')
      await system.running.jetstream.jsm.streams.deleteMessage('LOG', last.seq)
      return { ...last, before: log.length, events: await publishedEvents(system) }
    })
    await session(async (system) => {
      await expect.poll(async () => (await readLog(system)).length, { timeout: 30_000 }).toBe(lost.before)
      await everythingCaughtUp(system)
      const log = await readLog(system)
      expect(log.at(-1)?.seq).toBeGreaterThan(lost.seq)
      expect(log.at(-1)?.record).toMatchObject({ n: lost.record.n, input: { id: lost.record.input.id }, to: lost.record.to })
      expect(twice(idsOf(log))).toEqual([])
      expect(await publishedEvents(system)).toEqual(lost.events)
      expect(await rows(system, 'SELECT id FROM events GROUP BY id, idx HAVING count() > 1')).toEqual([])
      expect(await rows(system, `SELECT count() AS n FROM events WHERE seq = ${lost.seq}`)).toEqual([{ n: 0 }])
      expect(await tablesBesideLog(system)).toEqual([])
      await expectNoTruncation(system)
      expect(await readStatus(system.settings)).toMatchObject({ removed: { records: 1, unproven: { records: 0 } } })
      // New inputs continue as ever.
      await publishAll(system, inputs(13, 20))
      await everythingCaughtUp(system)
      expect(twice(idsOf(await readLog(system)))).toEqual([])
      expect(await unprovenRows(system)).toBe(0)
    })
    // Nothing is decided again at another start.
    await session(async (system) => {
      await everythingCaughtUp(system)
      expect((await readLog(system)).length).toBe(lost.before + 7)
      expect(twice(await publishedEvents(system))).toEqual([])
    })
  })

  test('and that later records of its actor follow, where every reader stands, keeps its rows and is not decided again', async () => {
    const lost = await session(async (system) => {
      await publishAll(system, [...inputs(0, 11), says('c1', 'How do I return an order?')])
      await caughtUp(system)
      await publishAll(system, inputs(15, 16))
      await everythingCaughtUp(system)
      return (await readLog(system)).at(-1) ?? { seq: 0, actor: '' }
    })
    await session(async (system) => {
      await publishAll(system, inputs(20, 26))
      await expect.poll(async () => (await readLog(system)).length).toBe(lost.seq + 6)
      await system.running.jetstream.jsm.streams.deleteMessage('LOG', lost.seq)
    }, 'host')
    await session(async (system) => {
      await everythingCaughtUp(system)
      await expectNoTruncation(system)
      const log = await readLog(system)
      expect(log.length).toBe(lost.seq + 5)
      expect(idsOf(log)).not.toContain('i-15')
      expect(twice(await publishedEvents(system))).toEqual([])
      expect(await rows(system, `SELECT id FROM events WHERE seq = ${lost.seq} AND idx = 0`)).toEqual([{ id: 'i-15' }])
      const unproven = await unprovenRows(system)
      expect(unproven).toBeGreaterThan(0)
      expect(await readStatus(system.settings)).toMatchObject({
        removed: { records: 1, unproven: { records: 1, first: [{ seq: lost.seq, actor: lost.actor }] } },
      })
      const rebuilt = async (dropUnproven: boolean): Promise<void> => {
        const progress = { records: () => undefined, waits: () => undefined }
        await runRebuild(system.settings, TABLE_NAMES, progress, new AbortController().signal, dropUnproven)
      }
      await rebuilt(false)
      expect(await unprovenRows(system)).toBe(unproven)
      await rebuilt(true)
      expect(await unprovenRows(system)).toBe(0)
      expect(await rows(system, `SELECT id FROM events WHERE seq = ${lost.seq}`)).toEqual([])
    })
  })

  test('keeps its rows also when LOG loses its end later', async () => {
    await session(async (system) => {
      await publishAll(system, inputs(0, 3))
      await everythingCaughtUp(system)
    })
    await session(async (system) => {
      await publishAll(system, inputs(3, 24))
      await expect.poll(async () => (await readLog(system)).length).toBe(24)
    }, 'host')
    // The projector reads the rest in one batch, so the position to which it returns is below the lost record.
    const lost = 10
    await session(async (system) => {
      await everythingCaughtUp(system)
      await system.running.jetstream.jsm.streams.deleteMessage('LOG', lost)
    })
    await session(async (system) => {
      await everythingCaughtUp(system)
      expect(await unprovenRows(system)).toBeGreaterThan(0)
    })
    await damageLengthOf(dataDir, 20)
    await session(async (system) => {
      await everythingCaughtUp(system)
      expect(await (await system.running.allMetrics()).metrics()).toMatch(/^colloquy_tails_lost_total\{/m)
      expect(await rows(system, `SELECT seq FROM events WHERE seq = ${lost} AND idx = 0`)).toEqual([{ seq: lost }])
      expect(await unprovenRows(system)).toBeGreaterThan(0)
      expect(twice(idsOf(await readLog(system)))).toEqual([])
    })
  }, 240_000)

  test('because its block on disk is damaged is found by the auditor while the system runs, and no reader stops', async () => {
    const before = await session(async (system) => {
      await publishAll(system, [...inputs(0, 12), says('c1', 'How do I return an order?')])
      await everythingCaughtUp(system)
      return readLog(system)
    })
    // One record that others of its actor follow, and one that is its actor's last.
    const followed = before.find(({ record }) => record.input.id === 'i-3')
    const last = before.find(({ record }) => record.input.id === 'i-11')
    if (followed === undefined || last === undefined) throw new Error('no such records')
    await damage(['i-3', 'i-11'])
    await session(async (system) => {
      await expect
        .poll(async () => (await findRemoved(system.running.jetstream)).ranges.map(({ from, to }) => [from, to]), { timeout: 60_000 })
        .toEqual([
          [followed.seq, followed.seq],
          [last.seq, last.seq],
        ])
      // The host restarts by itself and decides the last one again.
      await expect.poll(async () => idsOf(await readLogAround(system)), { timeout: 60_000 }).toContain('i-11')
      await expect.poll(() => system.running.stages.get('host')?.status().ok, { timeout: 30_000 }).toBe(true)
      await publishAll(system, inputs(20, 25))
      await expect.poll(async () => idsOf(await readLogAround(system)), { timeout: 60_000 }).toContain('i-24')
      const log = await readLogAround(system)
      expect(twice(idsOf(log))).toEqual([])
      expect(log.findLast(({ actor }) => actor === last.actor)?.record.n).toBeGreaterThan(last.record.n)
      await expect
        .poll(() => rows(system, "SELECT count() AS n FROM events WHERE id = 'i-11' AND idx = 0"), { timeout: 30_000 })
        .toEqual([{ n: 1 }])
      await expect
        .poll(async () => (await rows<{ seq: number }>(system, 'SELECT projected_seq AS seq FROM freshness'))[0]?.seq)
        .toBe(log.at(-1)?.seq)
      expect(await unprovenRows(system)).toBeGreaterThan(0)
      expect(twice(await publishedEvents(system))).toEqual([])
      for (const role of ['host', 'dispatch', 'project', 'embed'] as const) {
        await expect.poll(() => system.running.stages.get(role)?.status(), { timeout: 30_000 }).toMatchObject({ ok: true, lag: 0 })
      }
    })
  })
})

test('texts of a damaged record stay in the search index, also when it is filled again, and its rows count in every table', async () => {
  const points = async (system: System): Promise<string> => {
    const [table] = await rows<{ name: string }>(
      system,
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'memory_%' AND engine = 'MergeTree'",
    )
    return table?.name ?? ''
  }
  const lost = await session(async (system) => {
    await publishAll(system, [...inputs(0, 12), says('c1', 'zebra'), says('c1', 'giraffe'), says('c2', 'lion')])
    await everythingCaughtUp(system)
    const { seq = 0 } = (await readLog(system)).find(({ record }) => record.input.id === 'c1-zebra') ?? {}
    const found = await rows(system, `SELECT id FROM ${await points(system)} WHERE seq = ${seq}`)
    expect(found.length).toBeGreaterThan(0)
    return { seq, points: found.length, messages: await rows(system, `SELECT id FROM messages WHERE seq = ${seq}`) }
  })
  await damage(['c1-zebra'])
  await session(async (system) => {
    const { jetstream, client } = system.running
    if (client === undefined) throw new Error('no tables')
    const pointsOfLost = async () => (await rows(system, `SELECT id FROM ${await points(system)} WHERE seq = ${lost.seq}`)).length
    const repaired = async () =>
      /^colloquy_\w*index\w*mismatch\w*\{[^}]*kind="unexpected"[^}]*\} [1-9]/m.test(await (await system.running.allMetrics()).metrics())
    await expect
      .poll(async () => (await findRemoved(jetstream)).ranges, { timeout: 60_000 })
      .toMatchObject([{ from: lost.seq, to: lost.seq }])
    const verified = await readIndexAuditPassed(system)
    expect(verified).toBe(true)
    expect(await pointsOfLost()).toBe(lost.points)
    expect(await repaired()).toBe(false)

    await client.command({ query: `DROP TABLE ${await points(system)}_postings SYNC` })
    await expect.poll(pointsOfLost, { timeout: 30_000 }).not.toBe(lost.points)
    await expect.poll(pointsOfLost, { timeout: 30_000 }).toBe(lost.points)
    const hits = async (): Promise<number> => {
      const response = await fetch(`${system.running.http?.url ?? ''}/v1/search?tenant=acme&mode=keyword&q=zebra`)
      return response.ok ? ((await response.json()) as { hits: unknown[] }).hits.length : -1
    }
    await expect.poll(hits, { timeout: 30_000 }).toBeGreaterThan(0)

    // The events of the record are gone too, as with a damaged part.
    await client.command({ query: `ALTER TABLE events_rows DELETE WHERE seq = ${lost.seq}`, clickhouse_settings: { mutations_sync: '1' } })
    const { tables, removed } = await verify({ jetstream, clickhouse: client, signal: new AbortController().signal })
    expect(removed).toMatchObject([{ from: lost.seq, to: lost.seq }])
    const unproven = Object.fromEntries(Object.entries(tables).flatMap(([name, one]) => (one.unproven > 0 ? [[name, one.unproven]] : [])))
    expect(unproven).toMatchObject({ messages: lost.messages.length })
    expect(unproven).not.toHaveProperty('events')
    expect((await readStatus(system.settings)).removed.unproven).toEqual({
      records: 1,
      rows: unproven,
      first: [{ seq: lost.seq, actor: 'acme/support/c1' }],
    })
  })
}, 180_000)

/** Waits until the auditor of the search index has compared all of LOG. */
async function readIndexAuditPassed({ running }: System): Promise<boolean> {
  const { last_seq: last } = (await running.jetstream.jsm.streams.info('LOG')).state
  const verified = async (): Promise<number> =>
    Number(/^colloquy_\w*index_verified\w*(?:\{[^}]*\})? (\d+)/m.exec(await (await running.allMetrics()).metrics())?.[1] ?? 0)
  await expect.poll(verified, { timeout: 60_000 }).toBeGreaterThanOrEqual(last)
  return true
}

test('a record before the first one of LOG that is gone is named by verify', async () => {
  await session(async (system) => {
    await publishAll(system, inputs(0, 12))
    await everythingCaughtUp(system)
    const { jetstream, client } = system.running
    if (client === undefined) throw new Error('no tables')
    for (const seq of [1, 2]) await jetstream.jsm.streams.deleteMessage('LOG', seq)
    const { removed, from } = await verify({ jetstream, clickhouse: client, signal: new AbortController().signal })
    expect(from).toBe(3)
    expect(removed).toMatchObject([{ from: 1, to: 2 }])
  })
})

test('a backup gives lost records back, unless their inputs were decided again', async () => {
  const dir = await temporaryFolder()
  const other = await temporaryFolder()
  const progress = { copied: () => undefined, restored: () => undefined, waits: () => undefined }
  const { signal } = new AbortController()
  const [followed, last] = await session(async (system) => {
    await publishAll(system, inputs(0, 12))
    await everythingCaughtUp(system)
    await backUp(system.settings, dir, progress, signal)
    const log = await readLog(system)
    const lost = ['i-3', 'i-11'].map((id) => log.find(({ record }) => record.input.id === id)?.seq ?? 0)
    for (const seq of lost) await system.running.jetstream.jsm.streams.deleteMessage('LOG', seq)
    return lost
  })
  const again = await session(async (system) => {
    await expect.poll(async () => idsOf(await readLog(system)), { timeout: 30_000 }).toContain('i-11')
    await publishAll(system, inputs(12, 15))
    await everythingCaughtUp(system)
    const { records } = await backUp(system.settings, dir, progress, signal)
    expect(records).toBe(4)
    return (await readLog(system)).find(({ record }) => record.input.id === 'i-11')?.seq
  })
  await restore(loadSettings({}, settingsFor(other)).settings, dir, silent, progress)
  const restored = await startSystem({ kinds: [toyKind, support], dataDir: other })
  try {
    await caughtUp(restored)
    const log = await readLog(restored)
    expect(twice(idsOf(log))).toEqual([])
    expect(log.find(({ record }) => record.input.id === 'i-3')?.seq).toBe(followed)
    expect(log.find(({ record }) => record.input.id === 'i-11')?.seq).toBe(again)
    const { ranges, unknown } = await findRemoved(restored.running.jetstream)
    expect(ranges.map(({ from, to }) => [from, to])).toEqual([[last, last]])
    expect(unknown).toEqual([])
    expect(await unprovenRows(restored)).toBe(0)
    await publishAll(restored, inputs(15, 20))
    await caughtUp(restored)
    expect((await readLog(restored)).length).toBe(log.length + 5)
  } finally {
    await restored.stop()
    for (const folder of [dir, other]) await rm(folder, { recursive: true })
  }
})

test('a start without the log that was read before is refused', async () => {
  await session(async (system) => {
    await publishAll(system, inputs(0, 3))
    await everythingCaughtUp(system)
    await system.running.jetstream.jsm.streams.delete('LOG')
  })
  await expect(session(async () => undefined)).rejects.toMatchObject({ code: 'log_missing' })
})

/** Changes bytes of records in the files of LOG. */
async function damage(ids: readonly string[]): Promise<void> {
  const all = await readdir(join(dataDir, 'nats'), { recursive: true, withFileTypes: true })
  const blocks = all.filter(({ name, parentPath }) => name.endsWith('.blk') && /\/LOG\/msgs$/.test(parentPath))
  let found = 0
  for (const { name, parentPath } of blocks) {
    const file = join(parentPath, name)
    const bytes = await readFile(file)
    for (const id of ids) {
      const at = bytes.indexOf(`"id":"${id}"`)
      if (at < 0) continue
      bytes.write('XXXXXXXX', at)
      found += 1
    }
    await writeFile(file, bytes)
  }
  expect(found).toBe(ids.length)
}

/** As `readLog`, where the server counts messages that it cannot read. */
async function readLogAround({ running: { jetstream } }: System): Promise<Entry[]> {
  const entries: Entry[] = []
  const { state } = await jetstream.jsm.streams.info('LOG')
  for (let seq = 1; seq <= state.last_seq; seq += 1) {
    const message = await jetstream.jsm.streams.getMessage('LOG', { seq })
    if (message === null) continue
    const [, , tenant, kind, id] = message.subject.split('.')
    entries.push({
      seq,
      subject: message.subject,
      actor: `${tenant}/${kind}/${id}`,
      record: restoreRecord(message.json()) as Entry['record'],
    })
  }
  return entries
}
