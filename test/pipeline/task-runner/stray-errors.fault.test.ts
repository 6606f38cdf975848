import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { jetstream as jetstreamOf } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withJetStream } from '../../../infra/app/connect-to-running.ts'
import { loadSettings, type SettingName } from '../../../infra/settings.ts'
import { lastRecord, recordsOf } from '../../../pipeline/jetstream/last-record.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import type { Chore } from '../../support/chore-config.ts'
import { type CliOptions, type CliProcess, startUp } from '../../support/run-cli.ts'
import { settingsFor, temporaryFolder } from '../../support/test-system.ts'

const CONFIG = fileURLToPath(new URL('../../support/chore-config.ts', import.meta.url))
const SETTINGS: Partial<Record<SettingName, string>> = { CONFIG, ROLES: 'host,dispatch,tasks' }

let options: CliOptions
let running: CliProcess | undefined
beforeEach(async () => {
  options = { dataDir: await temporaryFolder(), settings: SETTINGS }
})
afterEach(async () => {
  running?.signal('SIGTERM')
  await running?.ended
  running = undefined
  await rm(options.dataDir, { recursive: true, force: true })
})

async function start(more: Partial<Record<SettingName, string>> = {}) {
  const up = await startUp({ ...options, settings: { ...SETTINGS, ...more } })
  running = up
  const nc = await connect({ servers: up.addresses.natsUrl })
  const js = jetstreamOf(nc)
  return {
    ...up,
    publish: (id: string, how: Chore) =>
      js.publish(`in.acme.chore.${id}`, JSON.stringify({ type: how === 'fine' ? 'fine' : 'risky', data: { how } })),
    close: () => nc.close(),
  }
}

const last = (id: string): Promise<LogRecord | undefined> =>
  withJetStream(
    loadSettings({}, settingsFor(options.dataDir, SETTINGS)).settings,
    async (jetstream) => (await lastRecord(jetstream, recordsOf({ tenant: 'acme', kind: 'chore', id })))?.record,
  )

test.each<[Partial<Record<SettingName, string>>]>([[{}], [{ THREADS: 'off' }]])(
  'stray errors of tasks are logged with their task, and nothing else suffers (%o)',
  async (more) => {
    const { publish, close, line, lines } = await start(more)
    await publish('other', 'fine')
    for (const how of ['timer', 'rejects', 'emitter'] as const) await publish(how, how)
    for (const [how, text] of [
      ['timer', 'a stray error in a timer'],
      ['rejects', 'a stray rejection'],
      ['emitter', 'a stray event'],
    ] as const) {
      await line((one) => one.includes(text) && one.includes(`acme/chore/${how}`) && one.includes('"task":"repeated"'))
      await expect.poll(async () => (await last(how))?.to).toBe('done')
    }
    await expect.poll(async () => (await last('other'))?.to).toBe('done')
    expect(lines.filter((one) => one.includes('restarting'))).toEqual([])
    await close()
  },
)

test('a task that calls process.exit fails with an error that says so', async () => {
  const { publish, close } = await start()
  await publish('exits', 'exit')
  await expect.poll(() => last('exits')).toMatchObject({ to: 'failed', ended: [{ error: { code: 'exit_refused' } }] })
  await close()
})

test('a task that ends its thread again and again fails', async () => {
  const { publish, close, line } = await start()
  await publish('ends', 'end')
  await line((one) => one.includes('the thread of tasks ended'))
  await expect
    .poll(() => last('ends'))
    .toMatchObject({
      to: 'failed',
      ended: [{ error: { code: 'runner_lost', message: expect.stringContaining('lost 2 times') as string } }],
    })
  await close()
})

test('a task that blocks without end is named with its line; its thread ends after the deadline; other tasks are not blamed', async () => {
  const { publish, close, line } = await start()
  await publish('blocks', 'blocks')
  await publish('other', 'fine')
  await line((one) => /task \\"risky\\" .* of acme\/chore\/blocks blocks the thread of the tasks, at work \(.*chore-config\.ts/.test(one))
  await expect.poll(async () => (await last('blocks'))?.to).toBe('failed')
  await line((one) => one.includes('ended its thread, once so far: it blocked its thread'))
  await expect.poll(async () => (await last('other'))?.to).toBe('done')
  await close()
})

test('with one thread, a task that blocks without end is named and ends the process after its deadline; then it has failed', async () => {
  const { publish, close, ended } = await start({ THREADS: 'off' })
  await publish('blocks', 'blocks')
  await close()
  const { stderr } = await ended
  const lines = stderr.trim().split('\n')
  expect(
    lines.some((one) =>
      /^task "risky" .* of acme\/chore\/blocks has blocked this process for \S+ s, at work \(.*chore-config\.ts/.test(one),
    ),
  ).toBe(true)
  expect(lines.at(-1)).toMatch(
    /^task "risky" \(run .*\) of acme\/chore\/blocks blocked its thread for \S+ s(?:, at .*)?; ending this process$/,
  )
  const { publish: publishAgain, close: closeAgain } = await start({ THREADS: 'off' })
  await expect.poll(async () => (await last('blocks'))?.to).toBe('failed')
  await publishAgain('other', 'fine')
  await expect.poll(async () => (await last('other'))?.to).toBe('done')
  await closeAgain()
})
