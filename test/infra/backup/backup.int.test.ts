import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { BackedUp } from '../../../infra/backup/backup.ts'
import { segmentPath } from '../../../infra/backup/backup-folder.ts'
import { manifestSchema } from '../../../infra/backup/backup-format.ts'
import type { Restored } from '../../../infra/backup/restore.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { keeperKind } from '../../support/keeper-kind.ts'
import { cliJson, runCli, startCli } from '../../support/run-cli.ts'
import { caughtUp, type Entry, publishAll, readLog, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

/** A system without a task runner, so that tasks stay pending. The tests back it up and start systems restored from the backup. */
let dataDir: string
let backup: string
let system: System
const folders: string[] = []
const folder = async (): Promise<string> => {
  const made = await temporaryFolder()
  folders.push(made)
  return made
}

const ROLES = 'host,dispatch,project,serve'
const to = (id: string, type: string, data: unknown) => ({ subject: `in.acme.keeper.${id}`, body: { type, id: `${id}-${type}`, data } })
const messages = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    subject: `in.acme.keeper.k${(from + i) % 20}`,
    body: { type: 'say', id: `s-${from + i}`, data: { text: `第 ${from + i} 句\u2028 and an English one` } },
  }))
/** Waits for host, dispatcher and projector. The tasks in TASKS stay, since no runner takes them. */
const stagesCaughtUp = async (one: System): Promise<void> => {
  const { jetstream, stages } = one.running
  await until(async () => {
    const [inbox, log] = await Promise.all([jetstream.jsm.streams.info('INBOX'), jetstream.jsm.streams.info('LOG')])
    return (
      (stages.get('host')?.status().position ?? 0) >= inbox.state.last_seq
      && (['dispatch', 'project'] as const).every((role) => (stages.get(role)?.status().position ?? 0) >= log.state.last_seq)
    )
  })
}
const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await new Promise((resume) => setTimeout(resume, 20))
}
const wakeUpOf = async ({ running: { jetstream } }: System, actor: string) =>
  (await jetstream.jsm.streams.getMessage('TIMERS', { last_by_subj: `timer.${actor}` }))?.header.get('Nats-Schedule')
const emitted = (entries: readonly Entry[], wanted: string): number =>
  entries.flatMap(({ record }) => record.emitted).filter(({ type }) => type === wanted).length
/** The numbers of pending tasks and timers, by the last record of each actor. */
function pendingIn(entries: readonly Entry[]): { tasks: number; timers: number } {
  const states = [...new Map(entries.map(({ actor, record }) => [actor, record.state])).values()]
  const sum = (of: (state: LogRecord['state']) => object | undefined): number =>
    states.reduce((all, state) => all + Object.keys(of(state) ?? {}).length, 0)
  return { tasks: sum((state) => state?.tasks), timers: sum((state) => state?.timers) }
}
const manifestOf = async (dir: string) => manifestSchema.parse(JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')))
const refusal = async (args: readonly string[], dir: string): Promise<string> => {
  const { code, stderr } = await runCli(args, { dataDir: dir })
  expect(code).not.toBe(0)
  return stderr
}

beforeAll(async () => {
  dataDir = await folder()
  backup = join(await folder(), 'backup')
  system = await startSystem({ dataDir, kinds: [keeperKind], settings: { ROLES } })
  const invalid = [
    { subject: 'in.acme.keeper.k1', body: 'no json, 不是' },
    { subject: 'in.acme.keeper.k2', body: new Uint8Array([0xff, 0xfe, 0]) },
  ]
  await publishAll(system, [...messages(0, 100), ...invalid])
  await publishAll(system, [to('t1', 'ask', { q: 'how?' }), to('t2', 'ask', { q: '怎么？' }), to('z1', 'sleep', {})])
  await stagesCaughtUp(system)
})
afterEach(async () => {
  for (const dir of folders.splice(2)) await rm(dir, { recursive: true, force: true })
})
afterAll(async () => {
  await system.stop()
  for (const dir of folders) await rm(dir, { recursive: true, force: true })
})

describe('backup and restore', () => {
  test('a repeated backup copies only what is new; a restored system has the same log and tables, and continues pending work', async () => {
    const [first] = await cliJson<BackedUp>(['backup', backup], { dataDir })
    expect(first).toMatchObject({ decided: true, from: 1, records: first?.to, dead: 2 })
    await publishAll(system, [...messages(100, 50), to('n1', 'nap', {})])
    await stagesCaughtUp(system)
    const [second] = await cliJson<BackedUp>(['backup', backup], { dataDir })
    expect(second).toMatchObject({ decided: true, from: (first?.to ?? 0) + 1, dead: 0, recordsInAll: second?.to })
    expect(second?.records).toBeGreaterThanOrEqual(51)
    const before = (await readLog(system)).filter(({ seq }) => seq <= (second?.to ?? 0))
    const events = await rows(system, `SELECT * FROM events WHERE seq <= ${before.length} ORDER BY seq, idx`)
    const { tasks, timers } = pendingIn(before)

    const empty = await folder()
    const [restored] = await cliJson<Restored>(['restore', backup], { dataDir: empty })
    expect(restored).toMatchObject({ records: before.length, dead: 2, logSeq: before.at(-1)?.seq, tasks, timers: tasks + timers })
    expect(tasks).toBe(2)

    const copy = await startSystem({ dataDir: empty, kinds: [keeperKind] })
    try {
      await caughtUp(copy)
      await until(async () => emitted(await readLog(copy), 'told') >= 2 && emitted(await readLog(copy), 'woke') >= 1)
      await caughtUp(copy)
      expect([emitted(await readLog(copy), 'told'), emitted(await readLog(copy), 'woke')]).toEqual([2, 1])
      const inputs = await publishAll(copy, messages(150, 10))
      expect(Math.min(...inputs)).toBeGreaterThan(Math.max(...before.map(({ record }) => record.inbox.seq)))
      await publishAll(copy, messages(140, 10))
      await caughtUp(copy)
      const after = await readLog(copy)
      expect(after.slice(0, before.length)).toEqual(before)
      const added = after.slice(before.length).map(({ record }) => record.input.id)
      expect(added.filter((id) => id.startsWith('s-')).sort()).toEqual(
        messages(150, 10)
          .map(({ body }) => body.id)
          .sort(),
      )
      expect(await rows(copy, `SELECT * FROM events WHERE seq <= ${before.length} ORDER BY seq, idx`)).toEqual(events)
      expect(await tablesBesideLog(copy)).toEqual([])
      const deadLetter = await copy.running.jetstream.jsm.streams.getMessage('DEAD', { seq: 2 })
      expect(deadLetter?.data).toEqual(new Uint8Array([0xff, 0xfe, 0]))
      // No event from before the restore is published again.
      const out = await copy.running.jetstream.jsm.streams.info('OUT')
      expect(out.state.messages).toBe(2 + 10 + (emitted(before, 'woke') === 0 ? 1 : 0))
      // The timer of a day is still pending.
      expect(await wakeUpOf(copy, 'acme.keeper.z1')).toContain('@at')
      expect(await refusal(['backup', backup], empty)).toContain('backup of another log')
    } finally {
      await copy.stop()
    }
  })

  test('after a restore was killed, the system refuses to start until a repeated restore has completed', async () => {
    const target = await folder()
    const killed = startCli(['restore', backup], { dataDir: target })
    // Killed when the streams exist, before the restore has written its last message.
    await until(async () => {
      const paths = await readdir(join(target, 'nats'), { recursive: true }).catch(() => [])
      return paths.some((path) => path.endsWith('/TIMERS'))
    })
    killed.signal('SIGKILL')
    await killed.ended
    expect(await refusal(['up'], target)).toContain('run "colloquy restore" again')
    const [restored] = await cliJson<Restored>(['restore', backup], { dataDir: target })
    const { log } = await manifestOf(backup)
    expect(restored).toMatchObject({ records: log.lastSeq, logSeq: log.lastSeq, tasks: 2 })
    const copy = await startSystem({ dataDir: target, kinds: [keeperKind], settings: { ROLES } })
    try {
      await stagesCaughtUp(copy)
      expect((await readLog(copy)).slice(0, log.lastSeq)).toEqual((await readLog(system)).filter(({ seq }) => seq <= log.lastSeq))
      expect(await tablesBesideLog(copy)).toEqual([])
    } finally {
      await copy.stop()
    }
  })

  test('a restore into a used or running system, or of a damaged backup, is refused before it writes anything', async () => {
    expect(await refusal(['restore', backup], dataDir)).toContain('another Colloquy uses this data folder')

    const used = await folder()
    const other = await startSystem({ dataDir: used, kinds: [keeperKind] })
    await publishAll(other, messages(0, 3))
    await caughtUp(other)
    await other.stop()
    const found = /the system is not empty: it has INBOX up to sequence 3, LOG up to sequence 3/
    expect(await refusal(['restore', backup], used)).toMatch(found)

    const empty = await folder()
    expect(await refusal(['restore', empty], empty)).toContain('no backup that was finished')
    const { log } = await manifestOf(backup)
    const file = segmentPath(backup, log.segments[0]?.file ?? '')
    const intact = await readFile(file)
    await writeFile(file, Buffer.concat([intact.subarray(0, -1), Buffer.from([(intact.at(-1) ?? 0) ^ 1])]))
    expect(await refusal(['restore', backup], empty)).toContain('its sha256 differs')
    expect((await readdir(empty)).filter((name) => name === 'nats')).toEqual([])
    await writeFile(file, intact)
  })
})
