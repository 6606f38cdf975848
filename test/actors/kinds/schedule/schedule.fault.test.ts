import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scheduleContextSchema } from '../../../../actors/kinds/schedule/kind.ts'
import fastKinds from '../../../support/fast-schedule-config.ts'
import { type CliProcess, startUp } from '../../../support/run-cli.ts'
import { publishAll, readLog } from '../../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../../support/test-system.ts'
import { natsSettingsOf } from '../../../support/workers.ts'

const CONFIG = fileURLToPath(new URL('../../../support/fast-schedule-config.ts', import.meta.url))

let system: System
let dataDir: string
const workers = new Set<CliProcess>()
beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir, kinds: fastKinds, settings: { ROLES: 'serve' } })
})
afterAll(async () => {
  for (const worker of workers) worker.signal('SIGKILL')
  await Promise.all([...workers].map((worker) => worker.ended))
  await system.stop()
})

async function startWorker(): Promise<CliProcess> {
  const worker = await startUp({
    dataDir: await temporaryFolder(),
    settings: { CONFIG, ...(await natsSettingsOf(system)), ROLES: 'host,dispatch', LEASE_MS: '2000' },
  })
  workers.add(worker)
  return worker
}

async function end(worker: CliProcess, signal: NodeJS.Signals): Promise<void> {
  worker.signal(signal)
  await worker.ended
  workers.delete(worker)
}

const recordsOf = async (actor: string) => (await readLog(system)).filter((entry) => entry.actor === actor).map(({ record }) => record)
/** The ids of the inputs that the schedule has sent and their actor has taken. */
const taken = async (): Promise<string[]> =>
  (await recordsOf('acme/digest/all')).filter(({ outcome }) => outcome === 'committed').map(({ input }) => input.id)
const more = async (): Promise<void> => {
  const before = (await taken()).length
  await expect.poll(async () => (await taken()).length).toBeGreaterThan(before + 1)
}
const toSchedule = (type: string, data: object) => publishAll(system, [{ subject: 'in.acme.schedule.tick', body: { type, data } }])

test('each due time is taken once, through a kill, a take-over and an outage of all hosts', async () => {
  const [killed, stopped] = [await startWorker(), await startWorker()]
  const target = { kind: 'digest', id: 'all', type: 'digest.due', data: { for: '每秒' } }
  await toSchedule('schedule.set', { every: '* * * * * *', missed: 'all', missedMax: 100, ...target })
  await more()
  await end(killed, 'SIGKILL')
  await more()
  await end(stopped, 'SIGTERM')
  await startWorker()
  await more()
  await toSchedule('schedule.removed', {})
  await expect.poll(async () => (await recordsOf('acme/schedule/tick')).at(-1)?.to).toBe('off')
  const last = (await recordsOf('acme/schedule/tick')).at(-1)
  const { sent } = scheduleContextSchema.parse(last?.state?.context)
  await expect.poll(async () => (await taken()).length).toBe(sent)

  const ids = await taken()
  const from = Date.parse(ids[0] ?? '')
  expect(ids).toEqual(ids.map((_, index) => new Date(from + 1_000 * index).toISOString()))
  const inputs = (await recordsOf('acme/digest/all')).map(({ outcome, input: { source, data } }) => ({ outcome, source, data }))
  const input = { outcome: 'committed', source: 'colloquy/acme/schedule/tick', data: { for: '每秒' } }
  expect(inputs).toEqual(ids.map(() => input))
})
