import pRetry from 'p-retry'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { completionAfter, type ModelEndpoint, startModelEndpoint } from '../../../support/model-endpoint.ts'
import { type CliProcess, startUp } from '../../../support/run-cli.ts'
import { type Entry, publishAll, readLog } from '../../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../../support/test-system.ts'
import { natsSettingsOf } from '../../../support/workers.ts'

/** A worker as a process of its own, against the servers of a system that runs none of its stages. */
let system: System
let dataDir: string
let endpoint: ModelEndpoint
const workers: CliProcess[] = []

beforeAll(async () => {
  dataDir = await temporaryFolder()
  endpoint = await startModelEndpoint()
  endpoint.react(completionAfter(200, 'The shop opens on Sundays.'))
  system = await startSystem({ dataDir, settings: { ROLES: 'project,serve' } })
})
afterAll(async () => {
  for (const worker of workers) worker.signal('SIGKILL')
  await Promise.all(workers.map((worker) => worker.ended))
  await system.stop()
  await endpoint.stop()
})

async function startWorker(): Promise<CliProcess> {
  const servers = await natsSettingsOf(system)
  const start = async (): Promise<CliProcess> =>
    startUp({
      dataDir: await temporaryFolder(),
      settings: { ...servers, LLM_BASE_URL: endpoint.url, LLM_MODEL: 'tiny', ROLES: 'host,dispatch,tasks', LEASE_MS: '2000' },
    })
  // On a machine with too much to do, a server gives up a client that is slow to log in.
  const worker = await pRetry(start, {
    retries: 4,
    minTimeout: 100,
    shouldRetry: ({ error }) => error.message.includes('nats_unreachable'),
  })
  workers.push(worker)
  return worker
}

const TEXTS = 40

test('kill -9 of the worker in between: each text is written once, and each choice made and rewarded once', async () => {
  const ids = Array.from({ length: TEXTS }, (_, index) => `w-${index}`)
  const arms = [
    { id: 'short', length: 20 },
    { id: 'warm', tone: 'warm' },
  ]
  await publishAll(system, [
    { subject: 'in.acme.strategy.news', body: { type: 'strategy.set', id: 'set', data: { arms, feedback: '0s' } } },
    ...ids.map((id) => ({
      subject: `in.acme.writer.${id}`,
      body: { type: 'brief.given', id: 'brief', data: { purpose: 'news', brief: 'Tell that the shop opens on Sundays.' } },
    })),
  ])
  const log = async (kind: string): Promise<Entry[]> => (await readLog(system)).filter(({ actor }) => actor.startsWith(`acme/${kind}/`))
  const emittedOf = async (kind: string, type: string) =>
    (await log(kind)).flatMap(({ actor, record }) =>
      record.emitted.flatMap((one) => (one.type === type ? [{ actor, choice: one.data['choice'], arm: one.data['arm'] }] : [])),
    )
  const first = await startWorker()
  await expect.poll(async () => (await emittedOf('writer', 'text.written')).length, { timeout: 60_000, interval: 100 }).toBeGreaterThan(0)
  first.signal('SIGKILL')
  await first.ended
  const second = await startWorker()
  await expect
    .poll(async () => (await emittedOf('strategy', 'choice.rewarded')).length, { timeout: 120_000, interval: 100 })
    .toBeGreaterThan(TEXTS / 4)
  second.signal('SIGKILL')
  await second.ended
  await startWorker()

  await expect.poll(async () => (await emittedOf('strategy', 'choice.rewarded')).length, { timeout: 180_000, interval: 1_000 }).toBe(TEXTS)
  const written = await emittedOf('writer', 'text.written')
  expect(written.map(({ actor }) => actor).sort()).toEqual(ids.map((id) => `acme/writer/${id}`).sort())
  const choices = written.map(({ choice }) => choice).sort()
  const made = (await emittedOf('strategy', 'choice.made')).map(({ choice }) => choice).sort()
  const rewarded = await emittedOf('strategy', 'choice.rewarded')
  expect(made).toEqual(choices)
  expect(rewarded.map(({ choice }) => choice).sort()).toEqual(choices)
  expect(await emittedOf('strategy', 'reward.ignored')).toEqual([])
  // The reward is of the arm by which the text was written.
  const armOf = new Map(written.map(({ choice, arm }) => [choice, arm]))
  expect(rewarded.filter(({ choice, arm }) => armOf.get(choice) !== arm)).toEqual([])
}, 400_000)
