import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { jetstream as jetstreamOf } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cliJson, type CliOptions, type CliProcess, startUp } from '../../support/run-cli.ts'
import { temporaryFolder } from '../../support/test-system.ts'
import { REACHED } from '../../support/walker-config.ts'

const CONFIG = fileURLToPath(new URL('../../support/walker-config.ts', import.meta.url))

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
  readonly progress: Readonly<Record<string, { readonly attempt: number; readonly progress: unknown }>>
  readonly history: readonly { readonly emitted: readonly { readonly data: unknown }[] }[]
}
const show = async (): Promise<Shown | undefined> => (await cliJson<Shown>(['show', 'acme/walker/w1'], options))[0]

test.each(['SIGKILL', 'SIGTERM'] as const)('a task goes on with what an attempt told whose process ended by %s', async (signal) => {
  const first = await startUp(options)
  running = first
  const nc = await connect({ servers: first.addresses.natsUrl })
  await jetstreamOf(nc).publish('in.acme.walker.w1', JSON.stringify({ type: 'start', data: {} }))
  await nc.close()
  await expect
    .poll(async () => Object.values((await show().catch(() => undefined))?.progress ?? {}), { timeout: 30_000 })
    .toMatchObject([{ attempt: 1, progress: REACHED }])
  first.signal(signal)
  await first.ended

  running = await startUp(options)
  await expect.poll(async () => (await show())?.state, { timeout: 60_000 }).toBe('there')
  const arrived = (await show())?.history.at(-1)?.emitted[0]?.data
  expect(arrived).toMatchObject({ from: REACHED })
  await expect.poll(async () => (await show())?.progress).toEqual({})
})
