import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findDeadLetter, scanDeadLetters } from '../../../pipeline/dead-letters/dead-letters.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { caughtUp, publishAll, readLog, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { parallelKind } from '../../support/parallel-kind.ts'
import { startSystem, temporaryFolder, type System } from '../../support/test-system.ts'
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
const lettersOf = async (actor: string) => {
  const deadLetters = []
  for await (const letter of scanDeadLetters(system.running.jetstream, { actor })) deadLetters.push(letter)
  return deadLetters
}
const resolvedOf = (actor: string) => rows<{ reason: string; resolved: boolean }>(system, `SELECT reason, resolved FROM dead_letters WHERE actor = '${actor}' ORDER BY seq`)

beforeAll(async () => {
  dataDir = await temporaryFolder()
  // The kind is not there yet: whatever its producers send is rejected.
  const before = await startSystem({ dataDir, kinds: [parallelKind] })
  positions = await publishAll(before, [
    to('a', add(1)), to('b', add(10, { id: 'b-1' })), to('a', add(2)), to('b', add(20, { id: 'b-2' })), to('a', add(3, { time: '2026-01-02T03:04:05Z' })),
    to('resent', add(5, { id: 'm-1' })), { subject: 'in.acme.nobody.x', body: add(1) },
  ])
  await caughtUp(before)
  await before.stop()
  system = await startSystem({ dataDir, kinds: [parallelKind, toyKind] })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true, force: true })
})

test('letters are listed by cause with counts, or each, by what they are asked for', async () => {
  expect(await dead('ls')).toMatchObject([
    { reason: 'unknown_kind', error: 'no kind "toy" here', count: 6, kinds: ['toy'], types: ['add'] },
    { reason: 'unknown_kind', error: 'no kind "nobody" here', count: 1, kinds: ['nobody'] },
  ])
  expect((await dead('ls', '--each', '--actor', 'a')).map(({ inboxSeq }) => inboxSeq)).toEqual([positions[0], positions[2], positions[4]])
  expect(await dead('ls', '--kind', 'nobody', '--tenant', 'acme', '--type', 'add', '--newer', '1h')).toMatchObject([{ count: 1 }])
  for (const none of [['--older', '1h'], ['--type', 'other'], ['--tenant', 'zeta'], ['--reason', 'poison']]) expect(await dead('ls', ...none)).toEqual([])
  const unsaid = await runCli(['dead', 'redrive'], { dataDir })
  expect([unsaid.code, unsaid.stderr]).toEqual([1, expect.stringContaining('code: which_letters')])
})

test('redriven originals are decided in order of arrival under their own ids and times, once, and the tables say so', async () => {
  // A producer that was fixed meanwhile sends its input again.
  await publishAll(system, [to('resent', add(5, { id: 'm-1' }))])
  await caughtUp(system)
  const done = await dead('redrive', '--kind', 'toy')
  await caughtUp(system)

  expect(done.map(({ id, outcome }) => [id, outcome])).toEqual(expect.arrayContaining([['a', 'committed'], ['b', 'committed'], ['resent', 'repeat']]))
  expect(done.map(({ inboxSeq }) => inboxSeq).toSorted((x, y) => x - y)).toEqual(positions.slice(0, 6))
  const log = await readLog(system)
  expect(log.filter(({ record }) => record.resolves !== undefined).map(({ record }) => record.resolves?.inboxSeq)).toHaveLength(6)
  const a = await recordsOf('a')
  expect(a.map(({ record }) => [record.outcome, record.label])).toEqual([
    ['rejected', {}], ['rejected', {}], ['rejected', {}], ['committed', { count: 1 }], ['committed', { count: 3 }], ['committed', { count: 6 }],
  ])
  expect(a.slice(3).map(({ record }) => record.input.id)).toEqual([0, 2, 4].map((index) => `seq:${positions[index]}`))
  expect(a[3]?.record.input.time).toBe(a[0]?.record.inbox.ts)
  expect(a[5]?.record.input.time).toBe('2026-01-02T03:04:05.000Z')
  expect((await recordsOf('b')).at(-1)?.record.label).toEqual({ count: 30 })

  // Once, however often it came; the record of the redrive only says so.
  const resent = await recordsOf('resent')
  expect(resent.map(({ record }) => [record.input.type, record.label])).toEqual([['add', {}], ['add', { count: 5 }], ['dead.redriven', { count: 5 }]])
  expect(resent[2]?.record).toMatchObject({ input: { data: { nothing: 'repeat' } }, emitted: [], outcome: 'committed' })
  expect(await publishAll(system, [to('b', add(20, { id: 'b-2' }))])).toHaveLength(1)
  await caughtUp(system)
  expect((await recordsOf('b')).at(-1)?.record.label).toEqual({ count: 30 })

  expect(await lettersOf('a')).toEqual([])
  expect((await resolvedOf('a')).map(({ resolved }) => resolved)).toEqual([true, true, true])
  expect(await tablesBesideLog(system)).toEqual([])
  expect((await runCli(['dead', 'redrive', '--kind', 'toy'], { dataDir })).stderr).toContain('no dead letter matches')
})

test('what is rejected again is a new letter, with the payload untouched', async () => {
  const payload = '{"type":"add",  "data":{"by":"none"}}'
  await publishAll(system, [to('again', payload)])
  await caughtUp(system)
  const [first] = await lettersOf('again')
  expect(await dead('redrive', String(first?.seq))).toMatchObject([{ outcome: 'rejected', reason: 'bad_data' }])
  await caughtUp(system)
  const [second, ...others] = await lettersOf('again')
  expect(others).toEqual([])
  expect(second?.seq).toBeGreaterThan(first?.seq ?? Infinity)
  expect(Buffer.from((await findDeadLetter(system.running.jetstream, second?.seq ?? 0))?.payload ?? []).toString()).toBe(payload)
  expect(await resolvedOf('again')).toEqual([{ reason: 'bad_data', resolved: true }, { reason: 'bad_data', resolved: false }])
})

test('a dropped letter leaves DEAD and a note in the log, and makes no actor of one that never was', async () => {
  expect(await dead('drop', '--kind', 'nobody')).toMatchObject([{ outcome: 'dropped' }])
  await publishAll(system, [{ subject: 'in.acme.toy.*', body: add(1) }])
  await caughtUp(system)
  const refused = await runCli(['dead', 'redrive', '--reason', 'bad_subject'], { dataDir })
  expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining('publish its payload')])
  expect(await dead('drop', '--reason', 'bad_subject')).toMatchObject([{ outcome: 'dropped' }])
  await caughtUp(system)
  expect(await lettersOf('x')).toEqual([])
  expect(await lettersOf('_')).toEqual([])
  expect(await rows(system, "SELECT kind, resolved FROM dead_letters WHERE reason = 'bad_subject' OR kind = 'nobody' ORDER BY seq")).toEqual([
    { kind: 'nobody', resolved: true }, { kind: '_', resolved: true },
  ])
  expect(await rows(system, "SELECT count() AS n FROM actors WHERE kind IN ('nobody', '_')")).toEqual([{ n: 0 }])
  expect((await readLog(system)).filter(({ record }) => record.input.type === 'dead.dropped')).toHaveLength(2)
  expect(await tablesBesideLog(system)).toEqual([])
})

test('a letter that was redriven already does nothing, and is taken out of DEAD all the same', async () => {
  const { jetstream } = system.running
  await publishAll(system, [to('twice', 'rubbish')])
  await caughtUp(system)
  const [letter] = await lettersOf('twice')
  await dead('redrive', String(letter?.seq))
  await caughtUp(system)
  const copied = (await jetstream.jsm.streams.getMessage('DEAD', { last_by_subj: 'dead.bad_json.acme.toy.twice' }))
  // As after a dispatcher that had to begin far back: the first letter is there a second time.
  const headers = { ...(letter?.headers ?? {}), 'Nats-Msg-Id': 'a-copy' }
  await jetstream.publisher.publish('dead.bad_json.acme.toy.twice', copied?.data ?? '', { headers })
  const copy = (await lettersOf('twice')).at(-1)
  expect(copy?.logSeq).toBe(letter?.logSeq)
  expect(await dead('redrive', String(copy?.seq))).toMatchObject([{ outcome: 'again' }])
  await caughtUp(system)
  expect((await lettersOf('twice')).map(({ logSeq }) => logSeq)).not.toContain(letter?.logSeq)
})
