import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findDeadLetter, scanDeadLetters } from '../../../pipeline/dead-letters/dead-letters.ts'
import { parallelKind } from '../../support/parallel-kind.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { caughtUp, publishAll, readLog, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

interface Done {
  readonly id: string
  readonly inboxSeq: number
  readonly outcome: string
  readonly logSeq?: number
  readonly reason?: string
  readonly error?: string
}

let dataDir: string
let system: System
let positions: number[]

const add = (by: number, more: object = {}) => ({ type: 'add', data: { by }, ...more })
const to = (actor: string, body: unknown) => ({ subject: `in.acme.toy.${actor}`, body })
const dead = (...args: string[]) => cliJson<Done>(['dead', ...args], { dataDir })
const recordsOf = async (actor: string) => (await readLog(system)).filter((entry) => entry.actor === `acme/toy/${actor}`)
const deadLettersOf = async (actor: string) => {
  const deadLetters = []
  for await (const deadLetter of scanDeadLetters(system.running.jetstream, { actor })) deadLetters.push(deadLetter)
  return deadLetters
}
const resolvedOf = (actor: string) =>
  rows<{ reason: string; resolved: boolean }>(system, `SELECT reason, resolved FROM dead_letters WHERE actor = '${actor}' ORDER BY seq`)

beforeAll(async () => {
  dataDir = await temporaryFolder()
  // Without the kind, its inputs are rejected.
  const before = await startSystem({ dataDir, kinds: [parallelKind] })
  positions = await publishAll(before, [
    to('a', add(1)),
    to('b', add(10, { id: 'b-1' })),
    to('a', add(2)),
    to('b', add(20, { id: 'b-2' })),
    to('a', add(3, { time: '2026-01-02T03:04:05Z' })),
    to('resent', add(5, { id: 'm-1' })),
    { subject: 'in.acme.nobody.x', body: add(1) },
  ])
  await caughtUp(before)
  await before.stop()
  system = await startSystem({ dataDir, kinds: [parallelKind, toyKind] })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true, force: true })
})

test('dead letters are listed by cause with counts or one by one, by the filter', async () => {
  expect(await dead('ls')).toMatchObject([
    { reason: 'unknown_kind', error: 'no kind "toy" here', count: 6, kinds: ['toy'], types: ['add'] },
    { reason: 'unknown_kind', error: 'no kind "nobody" here', count: 1, kinds: ['nobody'] },
  ])
  expect((await dead('ls', '--each', '--actor', 'a')).map(({ inboxSeq }) => inboxSeq)).toEqual([positions[0], positions[2], positions[4]])
  expect(await dead('ls', '--kind', 'nobody', '--tenant', 'acme', '--type', 'add', '--newer', '1h')).toMatchObject([{ count: 1 }])
  for (const none of [
    ['--older', '1h'],
    ['--type', 'other'],
    ['--tenant', 'zeta'],
    ['--reason', 'poison'],
  ]) {
    expect(await dead('ls', ...none)).toEqual([])
  }
  const unfiltered = await runCli(['dead', 'redrive'], { dataDir })
  expect([unfiltered.code, unfiltered.stderr]).toEqual([1, expect.stringContaining('code: which_letters')])
})

test('redriven inputs are decided once, in order of arrival, with their own ids and times, and the tables show it', async () => {
  // The producer sends its input again by itself.
  await publishAll(system, [to('resent', add(5, { id: 'm-1' }))])
  await caughtUp(system)
  const done = await dead('redrive', '--kind', 'toy')
  await caughtUp(system)

  expect(done.map(({ id, outcome }) => [id, outcome])).toEqual(
    expect.arrayContaining([
      ['a', 'committed'],
      ['b', 'committed'],
      ['resent', 'repeat'],
    ]),
  )
  expect(done.map(({ inboxSeq }) => inboxSeq).toSorted((x, y) => x - y)).toEqual(positions.slice(0, 6))
  const log = await readLog(system)
  expect(log.filter(({ record }) => record.resolves !== undefined).map(({ record }) => record.resolves?.inboxSeq)).toHaveLength(6)
  const a = await recordsOf('a')
  expect(a.map(({ record }) => [record.outcome, record.label])).toEqual([
    ['rejected', {}],
    ['rejected', {}],
    ['rejected', {}],
    ['committed', { count: 1 }],
    ['committed', { count: 3 }],
    ['committed', { count: 6 }],
  ])
  expect(a.slice(3).map(({ record }) => record.input.id)).toEqual([0, 2, 4].map((index) => `seq:${positions[index]}`))
  expect(a[3]?.record.input.time).toBe(a[0]?.record.inbox.ts)
  expect(a[5]?.record.input.time).toBe('2026-01-02T03:04:05.000Z')
  expect((await recordsOf('b')).at(-1)?.record.label).toEqual({ count: 30 })

  // Decided once; the record of the redrive only notes the repeat.
  const resent = await recordsOf('resent')
  expect(resent.map(({ record }) => [record.input.type, record.label])).toEqual([
    ['add', {}],
    ['add', { count: 5 }],
    ['dead.redriven', { count: 5 }],
  ])
  expect(resent[2]?.record).toMatchObject({ input: { data: { nothing: 'repeat' } }, emitted: [], outcome: 'committed' })
  expect(await publishAll(system, [to('b', add(20, { id: 'b-2' }))])).toHaveLength(1)
  await caughtUp(system)
  expect((await recordsOf('b')).at(-1)?.record.label).toEqual({ count: 30 })

  expect(await deadLettersOf('a')).toEqual([])
  expect((await resolvedOf('a')).map(({ resolved }) => resolved)).toEqual([true, true, true])
  expect(await tablesBesideLog(system)).toEqual([])
  expect((await runCli(['dead', 'redrive', '--kind', 'toy'], { dataDir })).stderr).toContain('no dead letter matches')
})

test('an input that is rejected again becomes a new dead letter with the same payload', async () => {
  const payload = '{"type":"add",  "data":{"by":"none"}}'
  await publishAll(system, [to('again', payload)])
  await caughtUp(system)
  const [first] = await deadLettersOf('again')
  expect(await dead('redrive', String(first?.seq))).toMatchObject([{ outcome: 'rejected', reason: 'bad_data' }])
  await caughtUp(system)
  const [second, ...others] = await deadLettersOf('again')
  expect(others).toEqual([])
  expect(second?.seq).toBeGreaterThan(first?.seq ?? Infinity)
  const stored = await findDeadLetter(system.running.jetstream, second?.seq ?? 0)
  expect(Buffer.from(stored?.payload ?? []).toString()).toBe(payload)
  expect(await resolvedOf('again')).toEqual([
    { reason: 'bad_data', resolved: true },
    { reason: 'bad_data', resolved: false },
  ])
})

test('a dropped dead letter leaves DEAD and a record in LOG, and creates no actor', async () => {
  expect(await dead('drop', '--kind', 'nobody')).toMatchObject([{ outcome: 'dropped' }])
  await publishAll(system, [{ subject: 'in.acme.toy.*', body: add(1) }])
  await caughtUp(system)
  const refused = await runCli(['dead', 'redrive', '--reason', 'bad_subject'], { dataDir })
  expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining('publish its payload')])
  expect(await dead('drop', '--reason', 'bad_subject')).toMatchObject([{ outcome: 'dropped' }])
  await caughtUp(system)
  expect(await deadLettersOf('x')).toEqual([])
  expect(await deadLettersOf('_')).toEqual([])
  expect(
    await rows(system, "SELECT kind, resolved FROM dead_letters WHERE reason = 'bad_subject' OR kind = 'nobody' ORDER BY seq"),
  ).toEqual([
    { kind: 'nobody', resolved: true },
    { kind: '_', resolved: true },
  ])
  expect(await rows(system, "SELECT count() AS n FROM actors WHERE kind IN ('nobody', '_')")).toEqual([{ n: 0 }])
  expect((await readLog(system)).filter(({ record }) => record.input.type === 'dead.dropped')).toHaveLength(2)
  expect(await tablesBesideLog(system)).toEqual([])
})

test('a copy of a redriven dead letter has no effect and is removed from DEAD', async () => {
  const { jetstream } = system.running
  await publishAll(system, [to('twice', 'garbage')])
  await caughtUp(system)
  const [deadLetter] = await deadLettersOf('twice')
  await dead('redrive', String(deadLetter?.seq))
  await caughtUp(system)
  const copied = await jetstream.jsm.streams.getMessage('DEAD', { last_by_subj: 'dead.bad_json.acme.toy.twice' })
  // Publishes a copy, as a dispatcher does that restarts from an old checkpoint.
  const headers = { ...(deadLetter?.headers ?? {}), 'Nats-Msg-Id': 'a-copy' }
  await jetstream.publisher.publish('dead.bad_json.acme.toy.twice', copied?.data ?? '', { headers })
  const copy = (await deadLettersOf('twice')).at(-1)
  expect(copy?.logSeq).toBe(deadLetter?.logSeq)
  expect(await dead('redrive', String(copy?.seq))).toMatchObject([{ outcome: 'again' }])
  await caughtUp(system)
  expect((await deadLettersOf('twice')).map(({ logSeq }) => logSeq)).not.toContain(deadLetter?.logSeq)
})
