import { afterAll, beforeAll, expect, test } from 'vitest'
import { sweepWakeUps } from '../../../pipeline/timers/wake-up-sweeper.ts'
import { createWakeUps } from '../../../pipeline/timers/wake-ups.ts'
import { sleeperKind } from '../../support/sleeper-kind.ts'
import { caughtUp, type Entry, publishAll, readLog } from '../../support/system-assertions.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [sleeperKind] })
})
afterAll(() => system.stop())

const tell = (id: string, ...events: readonly (readonly [type: string, data?: object])[]) =>
  publishAll(
    system,
    events.map(([type, data = {}]) => ({ subject: `in.acme.sleeper.${id}`, body: { type, data } })),
  )
const recordsOf = async (id: string): Promise<Entry[]> => (await readLog(system)).filter(({ actor }) => actor === `acme/sleeper/${id}`)
const wokenBy = async (id: string): Promise<unknown[]> =>
  (await recordsOf(id)).flatMap(({ record }) => record.emitted.map(({ data }) => data['from']))
const alarmOf = async (id: string) => {
  const message = await system.running.jetstream.jsm.streams.getMessage('TIMERS', { last_by_subj: `timer.acme.sleeper.${id}` })
  return message === null ? undefined : { seq: message.seq, at: message.header.get('Nats-Schedule').slice('@at '.length) }
}
const timersIn = (entry: Entry | undefined): string[] => Object.values(entry?.record.state?.timers ?? {}).map(({ at }) => at)
const timersOf = async (id: string): Promise<string[]> => timersIn((await recordsOf(id)).at(-1))
/** As a dispatcher does that is wrong about what there is: the alarm goes off at once. */
const ringNow = (id: string) =>
  system.running.jetstream.publisher.publish(`timer.acme.sleeper.${id}`, '{"type":"alarm"}', {
    headers: { 'Nats-Schedule': '@at 2020-01-01T00:00:00Z', 'Nats-Schedule-Target': `int.acme.sleeper.${id}` },
  })
const HOUR_MS = 3_600_000

test('timers fire in the order of their times, also those that are due at once', async () => {
  await tell('both', ['napA', { ms: 2_000 }], ['napB', { ms: 50 }])
  await expect.poll(() => wokenBy('both')).toEqual(['b', 'a'])
  await tell('once', ['napB', { ms: 0 }], ['napA', { ms: 0 }])
  await expect.poll(async () => (await wokenBy('once')).toSorted()).toEqual(['a', 'b'])
})

test('a timer that moves on and on costs one schedule, and fires once, at its last time', async () => {
  await tell('moved', ['napA', { ms: 2_000 }], ...Array.from({ length: 20 }, () => ['stir'] as const))
  await caughtUp(system)
  const first = await alarmOf('moved')
  await expect.poll(() => wokenBy('moved')).toEqual(['a'])
  const records = await recordsOf('moved')
  expect(records).toHaveLength(22)
  const [last] = timersIn(records.at(-2))
  expect(records.at(-1)?.record.input.type).toBe('timer.fired')
  expect(records.at(-1)?.record.inbox.ts).toMatch(/Z$/)
  expect(Date.parse(records.at(-1)?.record.inbox.ts ?? '')).toBeGreaterThanOrEqual(Date.parse(last ?? ''))
  // On a machine that stood still it may have gone off by then.
  if (first !== undefined) expect(first.at <= (last ?? '')).toBe(true)
  expect(await alarmOf('moved')).toBeUndefined()
})

test('an alarm that goes off too early, or for what was taken back, leaves no record and is followed by the right one', async () => {
  await tell('early', ['napA', { ms: HOUR_MS }])
  await caughtUp(system)
  const [due] = await timersOf('early')
  expect(await alarmOf('early')).toMatchObject({ at: due })
  await ringNow('early')
  await expect.poll(async () => (await alarmOf('early'))?.at).toBe(due)
  await caughtUp(system)
  expect(await recordsOf('early')).toHaveLength(1)

  await tell('nothing', ['stir'])
  await ringNow('nothing')
  await caughtUp(system)
  expect(await recordsOf('nothing')).toHaveLength(1)
  expect(await alarmOf('nothing')).toBeUndefined()
})

test('a timer before all others makes the alarm earlier, and one behind them leaves it', async () => {
  await tell('order', ['napA', { ms: 2 * HOUR_MS }])
  await caughtUp(system)
  const first = await alarmOf('order')
  await tell('order', ['napB', { ms: HOUR_MS }])
  await caughtUp(system)
  const [late, early] = (await timersOf('order')).toSorted().toReversed()
  expect(first?.at).toBe(late)
  const second = await alarmOf('order')
  expect(second?.at).toBe(early)
  await tell('order', ['stir'])
  await caughtUp(system)
  expect(await alarmOf('order')).toEqual(second)
})

test('a timer that throws is rejected once, and others fire all the same', async () => {
  await tell('faulty', ['faulty'], ['napA', { ms: 200 }])
  await expect.poll(() => wokenBy('faulty')).toEqual(['a'])
  await tell('faulty', ['napB', { ms: 50 }])
  await expect.poll(() => wokenBy('faulty')).toEqual(['a', 'b'])
  await caughtUp(system)
  const rejected = (await recordsOf('faulty')).filter(({ record }) => record.outcome === 'rejected')
  expect(rejected.map(({ record }) => [record.reason, record.input.type])).toEqual([['poison', 'timer.fired']])
  const letter = await system.running.jetstream.jsm.streams.getMessage('DEAD', { last_by_subj: 'dead.poison.acme.sleeper.faulty' })
  expect(letter?.json()).toMatchObject({ type: 'timer.fired', run: Object.keys(rejected[0]?.record.state?.timers ?? {})[0] })
})

test('a schedule that its server has forgotten is set again, by a look over all or with the next record', async () => {
  await tell('forgotten', ['napA', { ms: HOUR_MS }])
  await caughtUp(system)
  const before = await alarmOf('forgotten')
  const { jetstream, metrics } = system.running
  const signal = new AbortController().signal
  // No server can be told to forget: by a clock that is ahead all of them are overdue, by the real one none.
  expect(await sweepWakeUps({ jetstream, log: silent, now: Date.now }, signal)).toBe(0)
  expect(await alarmOf('forgotten')).toEqual(before)
  expect(await sweepWakeUps({ jetstream, log: silent, now: () => Date.now() + 3 * HOUR_MS }, signal)).toBeGreaterThanOrEqual(1)
  const swept = await alarmOf('forgotten')
  expect(swept?.at).toBe(before?.at)
  expect(swept?.seq).toBeGreaterThan(before?.seq ?? 0)

  const address = { tenant: 'acme', kind: 'sleeper', id: 'forgotten' }
  const at = before?.at ?? ''
  expect(await createWakeUps({ jetstream, metrics, signal, log: silent }).set(address, at)).toBe('there')
  expect(await createWakeUps({ jetstream, metrics, signal, log: silent, now: () => Date.now() + 3 * HOUR_MS }).set(address, at)).toBe('set')
  expect((await alarmOf('forgotten'))?.seq).toBeGreaterThan(swept?.seq ?? 0)
})

test('what a timer brings about carries the correlation of the input that set it', async () => {
  await publishAll(system, [{ subject: 'in.acme.sleeper.carried', body: { type: 'napA', correlationid: 'c-7', data: { ms: 10 } } }])
  await expect.poll(() => wokenBy('carried')).toEqual(['a'])
  expect((await recordsOf('carried')).at(-1)?.record.input.correlationid).toBe('c-7')
})
