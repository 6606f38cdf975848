import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HookReceiver, startHookReceiver } from '../../../support/hook-receiver.ts'
import { publishAll, readLog } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'
import { createWorkers } from '../../../support/workers.ts'

/** A worker as a process of its own, against the servers of a system that runs none of its stages. */
let system: System
let receiver: HookReceiver
const workers = createWorkers(() => system)

beforeAll(async () => {
  receiver = await startHookReceiver()
  system = await startSystem({ settings: { ROLES: 'project,serve' } })
})
afterAll(async () => {
  await workers.kill()
  await system.stop()
  await receiver.stop()
})

const TRIGGERS = 10
const CYCLES = 8

test('kill -9 of the worker in between loses and doubles no alert', async () => {
  const names = Array.from({ length: TRIGGERS }, (_, index) => `s${index}`)
  const settings = (series: string) => ({
    series,
    when: 'value > 80.0',
    clear: 'value < 70.0',
    escalation: [{ actions: [{ to: 'hook', url: receiver.url }] }],
  })
  await publishAll(
    system,
    names.map((name) => ({ subject: `in.acme.trigger.${name}`, body: { type: 'trigger.set', id: 'set', data: settings(name) } })),
  )
  const seriesRecords = async (type: string): Promise<number> =>
    (await readLog(system)).filter(({ actor, record }) => actor.startsWith('acme/series/') && record.input.type === type).length
  const first = await workers.start({ HOOK_HOSTS: '127.0.0.1' })
  await expect.poll(() => seriesRecords('series.watched'), { timeout: 60_000 }).toBe(TRIGGERS)
  const inputs = Array.from({ length: CYCLES * 2 }, (_, index) =>
    names.map((name) => ({
      subject: `in.acme.series.${name}`,
      // Without hysteresis each input would be several alerts.
      body: {
        type: 'readings.taken',
        id: `r${index}`,
        data: { readings: (index % 2 === 0 ? [81, 79, 82] : [71, 60, 72]).map((value) => ({ value })) },
      },
    })),
  ).flat()
  await publishAll(system, inputs)
  await expect.poll(() => seriesRecords('readings.taken'), { timeout: 60_000, interval: 100 }).toBeGreaterThan(0)
  first.signal('SIGKILL')
  await first.ended
  const second = await workers.start({ HOOK_HOSTS: '127.0.0.1' })
  await expect.poll(() => seriesRecords('readings.taken'), { timeout: 60_000, interval: 100 }).toBe(inputs.length)
  second.signal('SIGKILL')
  await second.ended
  await workers.start({ HOOK_HOSTS: '127.0.0.1' })

  const emitted = async (type: string): Promise<string[]> =>
    (await readLog(system))
      .filter(({ actor }) => actor.startsWith('acme/trigger/'))
      .flatMap(({ record }) =>
        record.emitted
          .filter((one) => one.type === type)
          .map(({ data }) => [data['alert'], data['about']].filter((part) => typeof part === 'string').join(' ')),
      )
  const alerts = names.flatMap((name) => Array.from({ length: CYCLES }, (_, index) => `${name}-${index + 1}`)).sort()
  await expect.poll(async () => (await emitted('alert.cleared')).sort(), { timeout: 90_000 }).toEqual(alerts)
  expect((await emitted('alert.raised')).sort()).toEqual(alerts)
  // An alert that is over before anybody was told is told to nobody.
  const ends = async (): Promise<string[]> => [...(await emitted('notification.sent')), ...(await emitted('notification.dropped'))]
  const raised = alerts.map((alert) => `${alert} raised`)
  await expect.poll(async () => (await ends()).filter((end) => end.endsWith('raised')).sort(), { timeout: 90_000 }).toEqual(raised)
  const sent = async (): Promise<string[]> => (await emitted('notification.sent')).sort()
  const withEnds = (all: readonly string[]): string[] =>
    all.flatMap((one) => (one.endsWith('raised') ? [one.replace('raised', 'cleared'), one] : [])).sort()
  await expect.poll(async () => isDeepStrictEqual(await sent(), withEnds(await sent())), { timeout: 90_000 }).toBe(true)
  // At least once for the receiver, which knows a repeat by its id.
  expect(new Set(receiver.calls.map(({ id }) => id)).size).toBe((await sent()).length)
}, 300_000)
