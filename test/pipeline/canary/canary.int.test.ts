import { afterAll, beforeAll, expect, test } from 'vitest'
import { canaryKind } from '../../../actors/kinds/canary/kind.ts'
import { startCanary } from '../../../pipeline/canary/canary.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { CANARY_ADDRESS, type CanarySent } from '../../../schemas/canary-events.ts'
import { caughtUp, readLog } from '../../support/system-assertions.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'

const EVERY_MS = 500

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [canaryKind] })
})
afterAll(() => system.stop())

const sent = async (): Promise<CanarySent[]> =>
  (await readLog(system)).filter(({ record }) => record.outcome === 'committed').map(({ record }) => record.input.data as CanarySent)

const start = (options: { isKnownEverywhere?: () => boolean; now?: () => number } = {}) =>
  startCanary({
    jetstream: system.running.jetstream,
    log: silent,
    metrics: createMetrics(),
    now: Date.now,
    isKnownEverywhere: () => true,
    everyMs: EVERY_MS,
    ...options,
  })

test('a host that does not know the kind holds the canary back', async () => {
  let asked = 0
  const canary = start({
    isKnownEverywhere() {
      asked += 1
      return false
    },
  })
  await expect.poll(() => asked).toBeGreaterThan(1)
  await canary.stop()
  expect(await sent()).toEqual([])
})

test('each canary says when the one before reached OUT, across a change of the member that sends them', async () => {
  const first = start()
  await expect.poll(async () => (await sent()).length, { timeout: 20_000 }).toBeGreaterThan(2)
  await first.stop()
  await caughtUp(system)
  const before = await sent()
  const second = start()
  await expect.poll(async () => (await sent()).length, { timeout: 20_000 }).toBeGreaterThan(before.length + 1)
  await second.stop()

  const all = await sent()
  expect(all[0]?.before).toBeUndefined()
  for (const [index, { before: one, minute }] of all.entries()) {
    if (index > 0) expect(one?.minute).toBe(all[index - 1]?.minute)
    expect(Date.parse(minute) % EVERY_MS).toBe(0)
  }
  expect(all.some(({ before: one }) => typeof one?.reachedMs === 'number')).toBe(true)
})

test('one that did not reach OUT in time is recorded as missed', async () => {
  const { jsm } = system.running.jetstream
  const known = await sent()
  const canary = start()
  await expect.poll(async () => (await sent()).length, { timeout: 20_000 }).toBeGreaterThan(known.length)
  const missed = async (): Promise<boolean> => {
    await jsm.streams.purge('OUT')
    return (await sent()).slice(known.length).some(({ before }) => before?.reachedMs === null)
  }
  await expect.poll(missed, { timeout: 20_000 }).toBe(true)
  await canary.stop()
})

test('two members that send the canary of one minute make one record of it', async () => {
  const canaries = [start(), start()]
  const known = await sent()
  await expect.poll(async () => (await sent()).length, { timeout: 20_000 }).toBeGreaterThan(known.length + 2)
  await Promise.all(canaries.map((canary) => canary.stop()))
  await caughtUp(system)
  const minutes = (await sent()).map(({ minute }) => minute)
  expect(new Set(minutes).size).toBe(minutes.length)
})

test('it has an actor and its events in the tables, and no conversation', async () => {
  await caughtUp(system)
  const count = async (table: string): Promise<unknown> => {
    const query = `SELECT count() AS n FROM ${table} WHERE tenant = '${CANARY_ADDRESS.tenant}'`
    return (await (await system.running.client?.query({ query, format: 'JSONEachRow' }))?.json<{ n: number }>())?.[0]?.n
  }
  expect([await count('actors'), await count('conversations'), await count('cases'), await count('turns')]).toEqual([1, 0, 0, 0])
  expect(await count('events')).toBeGreaterThan(4)
})
