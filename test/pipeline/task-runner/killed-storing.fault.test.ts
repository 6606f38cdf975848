import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { jetstream as jetstreamOf } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withJetStream } from '../../../infra/app/connect-to-running.ts'
import { loadSettings } from '../../../infra/settings.ts'
import type { JetStreamContext } from '../../../pipeline/jetstream/connection.ts'
import type { ObjectBucket } from '../../../pipeline/jetstream/object-bucket.ts'
import { openTaskObjects } from '../../../pipeline/task-runner/object-store.ts'
import { sweepObjects, YOUNG_MS } from '../../../pipeline/task-runner/object-sweeper.ts'
import { cliJson, type CliOptions, type CliProcess, startUp } from '../../support/run-cli.ts'
import { settingsFor, silent, temporaryFolder } from '../../support/test-system.ts'

const CONFIG = fileURLToPath(new URL('../../support/scribe-config.ts', import.meta.url))

let options: CliOptions
let running: CliProcess | undefined
beforeEach(async () => {
  options = { dataDir: await temporaryFolder(), settings: { CONFIG, ROLES: 'host,dispatch,tasks' } }
})
afterEach(async () => {
  running?.signal('SIGTERM')
  await running?.ended
  running = undefined
  await rm(options.dataDir, { recursive: true, force: true })
})

interface Shown {
  readonly state: string
  readonly context: { readonly text?: { readonly object: string } }
  readonly progress: Readonly<Record<string, { readonly progress: unknown }>>
}
const show = async (): Promise<Shown | undefined> => (await cliJson<Shown>(['show', 'acme/scribe/s1'], options))[0]
const inBucket = <T>(work: (bucket: ObjectBucket, jetstream: JetStreamContext) => Promise<T>): Promise<T> =>
  withJetStream(loadSettings({}, settingsFor(options.dataDir)).settings, async (jetstream) =>
    work(await openTaskObjects(jetstream, 1), jetstream),
  )

test('an object that was stored before its process was killed, and that the record does not have, is removed', async () => {
  const first = await startUp(options)
  running = first
  const nc = await connect({ servers: first.addresses.natsUrl })
  const data = { line: '一行\n', times: 100_000, how: 'hangs once' }
  await jetstreamOf(nc).publish('in.acme.scribe.s1', JSON.stringify({ type: 'write', data }))
  await nc.close()
  await expect
    .poll(async () => Object.values((await show().catch(() => undefined))?.progress ?? {}), { timeout: 30_000 })
    .toMatchObject([{ attempt: 1, progress: { stored: expect.any(String) as string } }])
  const [orphan] = await inBucket((bucket) => bucket.list())
  first.signal('SIGKILL')
  await first.ended

  const second = await startUp(options)
  running = second
  await expect.poll(async () => (await show())?.state, { timeout: 60_000 }).toBe('written')
  const kept = (await show())?.context.text?.object
  expect(kept).not.toBe(orphan?.name)

  const names = () => inBucket(async (bucket) => (await bucket.list()).map(({ name }) => name).sort())
  expect(await names()).toEqual([kept, orphan?.name].sort())
  const { signal } = new AbortController()
  const now = () => Date.now() + YOUNG_MS + 1_000
  await inBucket((bucket, jetstream) => sweepObjects({ jetstream, bucket, log: silent, now }, '', signal))
  expect(await names()).toEqual([kept])
})
