import { rm } from 'node:fs/promises'
import { nanos } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EVENTS_CONSUMER } from '../../../schemas/client-access.ts'
import { STREAMS } from '../../../schemas/subjects.ts'
import { publishAll } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let dataDir: string
let system: System
const start = (streamCheckMs?: number): Promise<System> =>
  startSystem({
    dataDir,
    kinds: [toyKind],
    settings: { ROLES: 'host,dispatch' },
    ...(streamCheckMs === undefined ? {} : { streamCheckMs }),
  })
const jsm = () => system.running.jetstream.jsm
const configOf = async (stream: string) => (await jsm().streams.info(stream)).config
const repairs = async (): Promise<Record<string, number>> => {
  const { values } = await system.running.metrics.streamLimits.get()
  return Object.fromEntries(values.map(({ labels, value }) => [`${labels.stream} ${labels.end}`, value]))
}

beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await start(50)
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true, force: true })
})

test('limits that somebody changes while the system runs are set back, logged and counted', async () => {
  const streams = [...STREAMS, 'KV_colloquy', 'KV_colloquy_cluster']
  const before = await Promise.all(streams.map(configOf))
  for (const stream of streams) {
    await jsm().streams.update(stream, { max_age: nanos(3_600_000), max_msgs: 5_000 })
  }
  await jsm().streams.update('LOG', { subjects: ['log.>', 'more'], max_msgs_per_subject: 7, republish: { src: 'log.>', dest: 'copy.>' } })
  await jsm().streams.update('INBOX', { allow_rollup_hdrs: true, max_msg_size: 100, duplicate_window: nanos(100) })

  await expect.poll(async () => Promise.all(streams.map(configOf))).toEqual(before)
  expect(await repairs()).toMatchObject(Object.fromEntries(streams.map((stream) => [`${stream} restored`, expect.any(Number) as number])))
})

test('the consumer for clients comes back with its bounds', async () => {
  const before = (await jsm().consumers.info('OUT', EVENTS_CONSUMER)).config
  await jsm().consumers.update('OUT', EVENTS_CONSUMER, { max_ack_pending: 3, ack_wait: nanos(1_000) })
  const config = async () =>
    (
      await jsm()
        .consumers.info('OUT', EVENTS_CONSUMER)
        .catch(() => undefined)
    )?.config
  await expect.poll(config).toEqual(before)
  await jsm().consumers.delete('OUT', EVENTS_CONSUMER)
  await expect.poll(config).toEqual(before)
})

test('a change that NATS does not take back is counted as failed', async () => {
  await jsm().streams.update('DEAD', { deny_purge: true })
  await expect.poll(async () => (await repairs())['DEAD failed'] ?? 0).toBeGreaterThan(0)
})

test('the next start sets all limits, whatever was changed while nothing ran, and does not fail for those that it cannot set', async () => {
  const wanted = await Promise.all(STREAMS.map(configOf))
  await system.stop()
  system = await start()
  for (const stream of STREAMS) await jsm().streams.update(stream, { max_msgs: 1_000, max_age: nanos(3_600_000) })
  await system.stop()
  system = await start()
  expect(await Promise.all(STREAMS.map(configOf))).toEqual(wanted)
  await publishAll(system, [{ subject: 'in.acme.toy.a1', body: { type: 'add', data: { by: 1 } } }])
})
