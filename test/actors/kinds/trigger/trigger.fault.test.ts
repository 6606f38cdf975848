import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HookReceiver, startHookReceiver } from '../../../support/hook-receiver.ts'
import { type CliProcess, startUp } from '../../../support/run-cli.ts'
import { publishAll, readLog } from '../../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../../support/test-system.ts'

/** A worker as a process of its own, against the servers of a system that runs none of its stages. */
let system: System
let dataDir: string
let receiver: HookReceiver
const workers: CliProcess[] = []

beforeAll(async () => {
  dataDir = await temporaryFolder()
  receiver = await startHookReceiver()
  system = await startSystem({ dataDir, settings: { ROLES: 'project,serve' } })
})
afterAll(async () => {
  for (const worker of workers) worker.signal('SIGKILL')
  await Promise.all(workers.map((worker) => worker.ended))
  await system.stop()
  await receiver.stop()
})

async function startWorker(): Promise<CliProcess> {
  const password = (await readFile(join(dataDir, 'nats-password'), 'utf8')).trim()
  const servers = { NATS_URL: system.running.nats.url, NATS_USER: 'colloquy', NATS_PASSWORD: password }
  const hooks = { HOOK_HOSTS: '127.0.0.1' }
  const worker = await startUp({
    dataDir: await temporaryFolder(),
    settings: { ...servers, ...hooks, ROLES: 'host,dispatch,tasks', LEASE_MS: '2000' },
  })
  workers.push(worker)
  return worker
}

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
  const first = await startWorker()
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
  const second = await startWorker()
  await expect.poll(() => seriesRecords('readings.taken'), { timeout: 60_000, interval: 100 }).toBe(inputs.length)
  second.signal('SIGKILL')
  await second.ended
  await startWorker()

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
  const told = alerts.flatMap((alert) => [`${alert} cleared`, `${alert} raised`])
  await expect.poll(async () => (await emitted('notification.sent')).sort(), { timeout: 90_000 }).toEqual(told)
  // At least once for the receiver, which knows a repeat by its id.
  expect(new Set(receiver.calls.map(({ id }) => id)).size).toBe(told.length)
}, 300_000)
