import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { jetstream as jetstreamOf } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withJetStream } from '../../../infra/app/connect-to-running.ts'
import { loadSettings, type SettingName } from '../../../infra/settings.ts'
import { lastRecord, recordsOf } from '../../../pipeline/jetstream/last-record.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { type CliOptions, type CliProcess, runCli, startCli, startUp } from '../../support/run-cli.ts'
import { settingsFor, temporaryFolder } from '../../support/test-system.ts'
import type { Trap } from '../../support/trap-config.ts'

const CONFIG = fileURLToPath(new URL('../../support/trap-config.ts', import.meta.url))
const SETTINGS: Partial<Record<SettingName, string>> = {
  CONFIG,
  ROLES: 'host,dispatch',
  // So that all actors share a partition.
  PARTITIONS: '1',
  DECISION_MS_MAX: '2500',
  HEAP_BYTES_MAX: String(192 * 1024 * 1024),
}

interface Readyz {
  readonly checks?: readonly { readonly check: string; readonly detail: string }[]
}

let options: CliOptions
let stopping: CliProcess[]
beforeEach(async () => {
  const dataDir = await temporaryFolder()
  stopping = []
  options = { dataDir, settings: SETTINGS, env: { TRAP_FILE: `${dataDir}/sprung` } }
})
afterEach(async () => {
  for (const one of stopping) {
    one.signal('SIGTERM')
    await one.ended
  }
  await rm(options.dataDir, { recursive: true, force: true })
})

const up = async (more: Partial<Record<SettingName, string>> = {}) => {
  const running = await startUp({ ...options, settings: { ...options.settings, ...more } })
  stopping.push(running)
  return running
}

async function publish(url: string, messages: readonly (readonly [id: string, body: object])[]): Promise<void> {
  const nc = await connect({ servers: url })
  const js = jetstreamOf(nc)
  for (const [id, body] of messages) await js.publish(`in.acme.trap.${id}`, JSON.stringify(body))
  await nc.close()
}
const sprung = (how: Trap): object => ({ type: 'sprung', data: { how, ...(how === 'upcaster' ? {} : { today: true }) } })
const fine = { type: 'fine', data: {} }

const last = (id: string): Promise<LogRecord | undefined> =>
  withJetStream(
    loadSettings({}, settingsFor(options.dataDir, SETTINGS)).settings,
    async (jetstream) => (await lastRecord(jetstream, recordsOf({ tenant: 'acme', kind: 'trap', id })))?.record,
  )

test.each<[Trap, string]>([
  ['guard', 'host_ended: this input ended its host 2 times: did not return within 2.5 s'],
  ['assign', 'host_ended: this input ended its host 2 times: did not return within 2.5 s'],
  ['label', 'host_ended: this input ended its host 2 times: did not return within 2.5 s'],
  ['upcaster', 'host_ended: this input ended its host 2 times: did not return within 2.5 s'],
  ['exit', 'process.exit(3) was called; the code of a kind cannot end the process'],
  ['end', 'host_ended: this input ended its host 2 times: ended its thread with exit code 3'],
  ['heap', 'host_ended: this input ended its host 2 times: '],
  ['buffers', 'host_ended: this input ended its host 2 times: allocated more than 192 MiB'],
])('a decision with the trap "%s" is rejected as poison, and its neighbours go on', async (how, error) => {
  const { addresses, lines } = await up()
  await publish(addresses.natsUrl, [
    ['innocent', fine],
    ['bad', sprung(how)],
    ['innocent', fine],
  ])
  await expect.poll(async () => (await last('innocent'))?.state?.context['count'], { timeout: 60_000 }).toBe(2)
  await expect
    .poll(() => last('bad'))
    .toMatchObject({ outcome: 'rejected', reason: 'poison', error: expect.stringContaining(error) as string })
  await publish(addresses.natsUrl, [['bad', fine]])
  await expect.poll(() => last('bad')).toMatchObject({ outcome: 'committed' })
  if (how === 'guard') {
    const { stderr } = await runCli(['check'], options)
    expect(stderr.trim().split('\n').at(-1)).toBe(
      'the repeated decision on input 2 of acme/trap/bad did not return within 2.5 s; ending this process',
    )
  }
  if (how !== 'exit') expect(lines.some((line) => line.includes('acme/trap/bad') && line.includes('2 of 2 times'))).toBe(true)
})

test('while a decision does not return, /readyz names its stage, actor and line, and is ready again afterwards', async () => {
  const { addresses, line } = await up({ ROLES: 'all', DECISION_MS_MAX: '6000', PARTITIONS: '1' })
  const readyz = async () => {
    const response = await fetch(`${addresses.httpUrl}/readyz`)
    return {
      status: response.status,
      host: ((await response.json()) as Readyz).checks?.find(({ check }) => check === 'host')?.detail ?? '',
    }
  }
  await expect.poll(readyz).toMatchObject({ status: 200 })
  await publish(addresses.natsUrl, [['bad', sprung('guard')]])
  await expect
    .poll(readyz)
    .toEqual({
      status: 503,
      host: expect.stringMatching(
        /^its thread has not answered for .* s: the decision on input 1 of acme\/trap\/bad has not returned/,
      ) as string,
    })
  await line((text) => /the decision on input 1 of acme\/trap\/bad has not returned for 1\S* s, at spin \(.*trap-config\.ts:/.test(text))
  await expect.poll(() => last('bad')).toMatchObject({ reason: 'poison' })
  await expect.poll(readyz).toMatchObject({ status: 200 })
  const metrics = await (await fetch(`${addresses.httpUrl}/metrics`)).text()
  expect(metrics).toContain('colloquy_host_ends_total{kind="trap"} 2')
  expect(metrics).toContain('colloquy_decisions_slow_total{kind="trap"} 2')
})

test('a stray error of a decision is logged and counted, and neither its host nor its input suffers', async () => {
  const { addresses, line } = await up()
  await publish(addresses.natsUrl, [['stray', sprung('stray')]])
  await line((text) => text.includes('a stray error') && text.includes('acme/trap/stray'))
  await line((text) => text.includes('a stray rejection') && text.includes('acme/trap/stray'))
  await publish(addresses.natsUrl, [['stray', fine]])
  await expect.poll(async () => (await last('stray'))?.state?.context).toEqual({ how: 'stray', count: 1 })
})

test('an input that was being decided when its process was killed is decided once more, and committed', async () => {
  const first = await up()
  await publish(first.addresses.natsUrl, [['innocent', sprung('once')]])
  await first.line((text) => text.includes('the decision on input 1 of acme/trap/innocent has not returned'))
  first.signal('SIGKILL')
  await first.ended
  stopping = []
  const second = await up()
  await expect.poll(() => last('innocent')).toMatchObject({ outcome: 'committed' })
  expect(second.lines.some((text) => text.includes('an earlier process ended while it decided on input 1'))).toBe(true)
})

test('a migration that does not return ends the start, which names the actor', async () => {
  const first = await up()
  await publish(first.addresses.natsUrl, [['bad', sprung('migrate')]])
  await expect.poll(() => last('bad')).toMatchObject({ outcome: 'committed' })
  first.signal('SIGTERM')
  await first.ended
  stopping = []
  const { stderr } = await runCli(['up', '--json'], { ...options, env: { TRAP_VERSION: '2' } })
  expect(stderr.trim().split('\n').at(-1)).toBe(
    'the migration on input 1 of acme/trap/bad did not return within 2.5 s; ending this process',
  )
})

test.each<[Trap, Partial<Record<SettingName, string>>, string]>([
  ['kill', {}, 'ended its process (killed, crashed, or out of memory)'],
  ['kill', { THREADS: 'off' }, 'ended its process (killed, crashed, or out of memory)'],
  ['guard', { THREADS: 'off' }, 'did not return within 2.5 s'],
  ['end', { THREADS: 'off' }, 'ended its process (killed, crashed, or out of memory)'],
])('an input with the trap "%s" that ends its process (%o) is rejected at the second restart', async (how, more, what) => {
  const first = await up(more)
  await publish(first.addresses.natsUrl, [
    ['innocent', fine],
    ['bad', sprung(how)],
    ['innocent', fine],
  ])
  const end = await first.ended
  if (how === 'guard')
    expect(end.stderr.trim().split('\n').at(-1)).toBe(`the decision on input 2 of acme/trap/bad ${what}; ending this process`)
  stopping = []
  // It may end before it has said that it started.
  const second = startCli(['up', '--json'], { ...options, settings: { ...SETTINGS, ...more } })
  await second.ended
  const third = await up(more)
  await expect.poll(() => last('bad')).toMatchObject({ reason: 'poison', error: `host_ended: this input ended its host 2 times: ${what}` })
  await expect.poll(async () => (await last('innocent'))?.state?.context['count']).toBe(2)
  expect(third.addresses.natsUrl).not.toBe('')
})
