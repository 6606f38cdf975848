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

const send = (id: string, ...events: readonly (readonly [type: string, data?: object])[]) =>
  publishAll(
    system,
    events.map(([type, data = {}]) => ({ subject: `in.acme.sleeper.${id}`, body: { type, data } })),
  )
const recordsOf = async (id: string): Promise<Entry[]> => (await readLog(system)).filter(({ actor }) => actor === `acme/sleeper/${id}`)
const wokenBy = async (id: string): Promise<unknown[]> =>
  (await recordsOf(id)).flatMap(({ record }) => record.emitted.map(({ data }) => data['from']))
const wakeUpOf = async (id: string) => {
  const message = await system.running.jetstream.jsm.streams.getMessage('TIMERS', { last_by_subj: `timer.acme.sleeper.${id}` })
  return message === null ? undefined : { seq: message.seq, at: message.header.get('Nats-Schedule').slice('@at '.length) }
}
const timersIn = (entry: Entry | undefined): string[] => Object.values(entry?.record.state?.timers ?? {}).map(({ at }) => at)
const timersOf = async (id: string): Promise<string[]> => timersIn((await recordsOf(id)).at(-1))
/** Schedules a wake-up that fires at once, as a dispatcher does that is wrong about the pending timers. */
const fireNow = (id: string) =>
  system.running.jetstream.publisher.publish(`timer.acme.sleeper.${id}`, '{"type":"alarm"}', {
    headers: { 'Nats-Schedule': '@at 2020-01-01T00:00:00Z', 'Nats-Schedule-Target': `int.acme.sleeper.${id}` },
  })
const HOUR_MS = 3_600_000

test('timers fire in the order of their times, and timers that are due at once fire too', async () => {
  await send('both', ['napA', { ms: 2_000 }], ['napB', { ms: 50 }])
  await expect.poll(() => wokenBy('both')).toEqual(['b', 'a'])
  await send('once', ['napB', { ms: 0 }], ['napA', { ms: 0 }])
  await expect.poll(async () => (await wokenBy('once')).toSorted()).toEqual(['a', 'b'])
})

test('a timer that is postponed again and again costs one schedule, and fires once, at its last time', async () => {
  await send('moved', ['napA', { ms: 2_000 }], ...Array.from({ length: 20 }, () => ['stir'] as const))
  await caughtUp(system)
  const first = await wakeUpOf('moved')
  await expect.poll(() => wokenBy('moved')).toEqual(['a'])
  const records = await recordsOf('moved')
  expect(records).toHaveLength(22)
  const [last] = timersIn(records.at(-2))
  expect(records.at(-1)?.record.input.type).toBe('timer.fired')
  expect(records.at(-1)?.record.inbox.ts).toMatch(/Z$/)
  expect(Date.parse(records.at(-1)?.record.inbox.ts ?? '')).toBeGreaterThanOrEqual(Date.parse(last ?? ''))
  // On a machine that stood still it may have fired by then.
  if (first !== undefined) expect(first.at <= (last ?? '')).toBe(true)
  expect(await wakeUpOf('moved')).toBeUndefined()
})

test('a wake-up that fires too early or without a pending timer leaves no record, and a pending timer gets its wake-up back', async () => {
  await send('early', ['napA', { ms: HOUR_MS }])
  await caughtUp(system)
  const [deadline] = await timersOf('early')
  expect(await wakeUpOf('early')).toMatchObject({ at: deadline })
  await fireNow('early')
  await expect.poll(async () => (await wakeUpOf('early'))?.at).toBe(deadline)
  await caughtUp(system)
  expect(await recordsOf('early')).toHaveLength(1)

  await send('nothing', ['stir'])
  await fireNow('nothing')
  await caughtUp(system)
  expect(await recordsOf('nothing')).toHaveLength(1)
  expect(await wakeUpOf('nothing')).toBeUndefined()
})

test('a timer before all others makes the wake-up earlier, and one behind them leaves it as it is', async () => {
  await send('order', ['napA', { ms: 2 * HOUR_MS }])
  await caughtUp(system)
  const first = await wakeUpOf('order')
  await send('order', ['napB', { ms: HOUR_MS }])
  await caughtUp(system)
  const [late, early] = (await timersOf('order')).toSorted().toReversed()
  expect(first?.at).toBe(late)
  const second = await wakeUpOf('order')
  expect(second?.at).toBe(early)
  await send('order', ['stir'])
  await caughtUp(system)
  expect(await wakeUpOf('order')).toEqual(second)
})

test('a timer that throws is rejected once, and the other timers of its actor still fire', async () => {
  await send('faulty', ['faulty'], ['napA', { ms: 200 }])
  await expect.poll(() => wokenBy('faulty')).toEqual(['a'])
  await send('faulty', ['napB', { ms: 50 }])
  await expect.poll(() => wokenBy('faulty')).toEqual(['a', 'b'])
  await caughtUp(system)
  const rejected = (await recordsOf('faulty')).filter(({ record }) => record.outcome === 'rejected')
  expect(rejected.map(({ record }) => [record.reason, record.input.type])).toEqual([['poison', 'timer.fired']])
  const deadLetter = await system.running.jetstream.jsm.streams.getMessage('DEAD', { last_by_subj: 'dead.poison.acme.sleeper.faulty' })
  expect(deadLetter?.json()).toMatchObject({ type: 'timer.fired', run: Object.keys(rejected[0]?.record.state?.timers ?? {})[0] })
})

test('a schedule that its server never sends is set again, by the sweeper or with the next record', async () => {
  await send('forgotten', ['napA', { ms: HOUR_MS }])
  await caughtUp(system)
  const before = await wakeUpOf('forgotten')
  const { jetstream, metrics } = system.running
  const signal = new AbortController().signal
  // A test cannot make a server drop a schedule. By a clock that is ahead all schedules are overdue, by the real one none.
  expect(await sweepWakeUps({ jetstream, log: silent, now: Date.now }, signal)).toBe(0)
  expect(await wakeUpOf('forgotten')).toEqual(before)
  expect(await sweepWakeUps({ jetstream, log: silent, now: () => Date.now() + 3 * HOUR_MS }, signal)).toBeGreaterThanOrEqual(1)
  const swept = await wakeUpOf('forgotten')
  expect(swept?.at).toBe(before?.at)
  expect(swept?.seq).toBeGreaterThan(before?.seq ?? 0)

  const address = { tenant: 'acme', kind: 'sleeper', id: 'forgotten' }
  const at = before?.at ?? ''
  expect(await createWakeUps({ jetstream, metrics, signal, log: silent }).set(address, at)).toBe('there')
  expect(await createWakeUps({ jetstream, metrics, signal, log: silent, now: () => Date.now() + 3 * HOUR_MS }).set(address, at)).toBe('set')
  expect((await wakeUpOf('forgotten'))?.seq).toBeGreaterThan(swept?.seq ?? 0)
})

test('the record of a fired timer has the correlation id of the input that set the timer', async () => {
  await publishAll(system, [{ subject: 'in.acme.sleeper.carried', body: { type: 'napA', correlationid: 'c-7', data: { ms: 10 } } }])
  await expect.poll(() => wokenBy('carried')).toEqual(['a'])
  expect((await recordsOf('carried')).at(-1)?.record.input.correlationid).toBe('c-7')
})
