import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { jetstream as jetstreamOf } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withJetStream } from '../../../infra/app/connect-to-running.ts'
import { loadSettings, type SettingName } from '../../../infra/settings.ts'
import { lastRecord, recordsOf } from '../../../pipeline/jetstream/last-record.ts'
import { logParser } from '../../../pipeline/jetstream/log-message.ts'
import { readToEnd } from '../../../pipeline/jetstream/read-to-end.ts'
import { readSlotFile, type SlotContent } from '../../../pipeline/watchdog/slot-file.ts'
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
  HEAP_BYTES_MAX: String(384 * 1024 * 1024),
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
  // The servers of a killed process may still write for a moment.
  await rm(options.dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
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

/** Publishes an input with a trap between two innocent ones, and waits until those are decided. */
async function springBetweenInnocents({ natsUrl }: { readonly natsUrl: string }, how: Trap): Promise<void> {
  await publish(natsUrl, [
    ['innocent', fine],
    ['bad', sprung(how)],
    ['innocent', fine],
  ])
  await expect.poll(async () => (await last('innocent'))?.state?.context['count'], { timeout: 60_000 }).toBe(2)
}

/** How long each record of an actor was stored after its input, in milliseconds. */
const waitsOf = (id: string): Promise<number[]> =>
  withJetStream(loadSettings({}, settingsFor(options.dataDir, SETTINGS)).settings, async (jetstream) => {
    const waits: number[] = []
    const parse = await logParser(jetstream)
    for await (const batch of readToEnd(jetstream, 'LOG', { filter_subjects: [recordsOf({ tenant: 'acme', kind: 'trap', id })] })) {
      for (const message of batch) waits.push(message.time.getTime() - Date.parse(parse(message).record?.inbox.ts ?? ''))
    }
    return waits
  })

/** What the slot file of the running process says. */
async function slotOf(dataDir: string): Promise<SlotContent | undefined> {
  const folder = join(dataDir, 'decisions')
  const [name = ''] = (await readdir(folder)).filter((one) => !one.includes('.lock'))
  return readSlotFile(join(folder, name))
}

test.each<[Trap, string]>([
  ['guard', 'host_ended: this input ended its host 2 times: did not return within 2.5 s'],
  ['assign', 'host_ended: this input ended its host 2 times: did not return within 2.5 s'],
  ['label', 'host_ended: this input ended its host 2 times: did not return within 2.5 s'],
  ['upcaster', 'host_ended: this input ended its host 2 times: did not return within 2.5 s'],
  ['exit', 'process.exit(3) was called; the code of a kind cannot end the process'],
  ['term', `process.kill(`],
  ['symbol', 'it threw a value that is not an Error'],
  ['end', 'host_ended: this input ended its host 2 times: ended its thread with exit code 3'],
  ['heap', 'host_ended: this input ended its host 2 times: allocated more than 192 MiB'],
  ['buffers', 'host_ended: this input ended its host 2 times: allocated more than 192 MiB'],
])('a decision with the trap "%s" is rejected as poison, and its neighbours go on', async (how, error) => {
  const { addresses, lines } = await up()
  await springBetweenInnocents(addresses, how)
  await expect
    .poll(() => last('bad'))
    .toMatchObject({ outcome: 'rejected', reason: 'poison', error: expect.stringContaining(error) as string })
  await publish(addresses.natsUrl, [['bad', fine]])
  await expect.poll(() => last('bad')).toMatchObject({ outcome: 'committed' })
  if (how === 'guard') {
    const { stderr } = await runCli(['check'], options)
    expect(stderr.trim().split('\n').at(-1)).toMatch(
      /^the repeated decision on input 2 of \S+ did not return within 2\.5 s, at .*trap-config\.ts:\d+:\d+\); ending this process$/,
    )
  }
  if (!['exit', 'term', 'symbol'].includes(how))
    expect(lines.some((line) => line.includes('acme/trap/bad') && line.includes('2 of 2 times'))).toBe(true)
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
  expect(stderr.trim().split('\n').at(-1)).toMatch(
    /^the migration on input 1 of acme\/trap\/bad did not return within 2\.5 s(?:, at .*trap-config\.ts:\d+:\d+\))?; ending this process$/,
  )
})

test.each<[Trap, Partial<Record<SettingName, string>>, string]>([
  ['kill', {}, 'ended its process (killed, crashed, or out of memory)'],
  ['kill', { THREADS: 'off' }, 'ended its process (killed, crashed, or out of memory)'],
  ['guard', { THREADS: 'off' }, 'did not return within 2.5 s, at '],
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
    expect(end.stderr.trim().split('\n').at(-1)).toMatch(
      /^the decision on input 2 of acme\/trap\/bad did not return within 2\.5 s, at .*trap-config\.ts:\d+:\d+\); ending this process$/,
    )
  stopping = []
  // It may end before it has said that it started.
  const second = startCli(['up', '--json'], { ...options, settings: { ...SETTINGS, ...more } })
  await second.ended
  const third = await up(more)
  await expect
    .poll(() => last('bad'))
    .toMatchObject({ reason: 'poison', error: expect.stringContaining(`host_ended: this input ended its host 2 times: ${what}`) as string })
  await expect.poll(async () => (await last('innocent'))?.state?.context['count']).toBe(2)
  expect(third.addresses.natsUrl).not.toBe('')
})

test.each<[Trap]>([['later'], ['label_later']])(
  'code that a recorded decision left behind (%s) is named with its input and line; its thread ends, and nobody else suffers',
  async (how) => {
    const { addresses, line, lines } = await up()
    await publish(addresses.natsUrl, [
      ['innocent', fine],
      ['bad', sprung(how)],
    ])
    const blocks = 'code that the decision on input 2 of acme/trap/bad left behind blocks the thread of the role host, at '
    await line((text) => text.includes(blocks) && /spin.* \(.*trap-config\.ts:/.test(text))
    await publish(addresses.natsUrl, [['innocent', fine]])
    await expect.poll(async () => (await last('innocent'))?.state?.context['count'], { timeout: 60_000 }).toBe(2)
    await line(
      (text) =>
        text.includes('code that the decision on input 2 of acme/trap/bad left behind ended its host (1 of 2 times)')
        && text.includes('the input is recorded, and is not decided again'),
    )
    expect(await last('bad')).toMatchObject({ outcome: 'committed', label: { how } })
    if (how === 'later') {
      await publish(addresses.natsUrl, [['bad', fine]])
      await expect.poll(() => last('bad')).toMatchObject({ outcome: 'committed', state: { context: { count: 1 } } })
      return
    }
    // The label does it again at every decision of the actor.
    await publish(addresses.natsUrl, [['bad', fine]])
    await line((text) => text.includes('code that the decision on input 4 of acme/trap/bad left behind ended its host'))
    await publish(addresses.natsUrl, [
      ['bad', fine],
      ['innocent', fine],
    ])
    await expect
      .poll(() => last('bad'), { timeout: 60_000 })
      .toMatchObject({
        reason: 'poison',
        error: expect.stringContaining(
          'code that earlier decisions of this actor left behind ended its host 2 times: blocked its thread',
        ) as string,
      })
    await expect.poll(async () => (await last('innocent'))?.state?.context['count']).toBe(3)
    expect(lines.filter((text) => text.includes('acme/trap/innocent') && text.includes('ended its host'))).toEqual([])
  },
)

test.each<[Trap, string]>([
  ['microtask', 'host_ended: code that this input left behind ended its host 2 times: blocked its thread for '],
  ['microtask_end', 'host_ended: code that this input left behind ended its host 2 times: ended its thread with exit code 3'],
])('an input that ends its host at the end of its turn (%s) is rejected as poison', async (how, error) => {
  const { addresses } = await up()
  await springBetweenInnocents(addresses, how)
  await expect
    .poll(() => last('bad'), { timeout: 60_000 })
    .toMatchObject({ outcome: 'rejected', reason: 'poison', error: expect.stringContaining(error) as string })
})

test.each<[Trap, Partial<Record<SettingName, string>>]>([
  ['later', {}],
  ['later', { THREADS: 'off' }],
  ['microtask', {}],
])('a kill while left-behind code (%s) blocks its thread (%o) blames the input that left it', async (how, more) => {
  const first = await up({ DECISION_MS_MAX: '60000', ...more })
  await publish(first.addresses.natsUrl, [['bad', sprung(how)]])
  if (more.THREADS === undefined) {
    await first.line((text) => text.includes('code that the decision on input 1 of acme/trap/bad left behind blocks'))
    await publish(first.addresses.natsUrl, [['innocent', fine]])
  } else await expect.poll(() => slotOf(options.dataDir)).toMatchObject({ seq: 1, isLeftBehind: true })
  first.signal('SIGKILL')
  await first.ended
  stopping = []
  const second = await up({ DECISION_MS_MAX: '2500', ...more })
  const blamed = second.lines.filter((text) => text.includes('an earlier process ended'))
  expect(blamed).toHaveLength(1)
  expect(blamed[0]).toContain('while code that the decision on input 1 had left behind ran')
  await publish(second.addresses.natsUrl, [['innocent', fine]])
  await expect.poll(() => last('innocent'), { timeout: 60_000 }).toMatchObject({ outcome: 'committed' })
  await expect.poll(() => last('bad'), { timeout: 60_000 }).toMatchObject(how === 'later' ? { outcome: 'committed' } : { reason: 'poison' })
})

test('with one thread, left-behind code ends the process, whose last line names its input', async () => {
  const first = await up({ THREADS: 'off' })
  await publish(first.addresses.natsUrl, [['bad', sprung('later')]])
  const { stderr } = await first.ended
  expect(stderr.trim().split('\n').at(-1)).toMatch(
    /^code that the decision on input 1 of \S+ left behind blocked its thread for 2\.\d s, at .*trap-config\.ts:.*; ending this process$/,
  )
  stopping = []
  const second = await up({ THREADS: 'off' })
  expect(second.lines.some((text) => text.includes('while code that the decision on input 1 had left behind ran: it blocked'))).toBe(true)
  await publish(second.addresses.natsUrl, [['bad', fine]])
  await expect.poll(() => last('bad')).toMatchObject({ outcome: 'committed' })
})

test('with the default limit, an input that does not return holds up others for the whole limit only once', async () => {
  const { addresses, lines } = await up({ DECISION_MS_MAX: '10000' })
  const nc = await connect({ servers: addresses.natsUrl })
  const js = jetstreamOf(nc)
  let published = 0
  const timer = setInterval(() => {
    published += 1
    void js.publish('in.acme.trap.innocent', JSON.stringify(fine))
  }, 100)
  await expect.poll(() => published).toBeGreaterThan(20)
  await publish(addresses.natsUrl, [['bad', sprung('guard')]])
  await expect.poll(() => last('bad'), { timeout: 60_000 }).toMatchObject({ reason: 'poison' })
  clearInterval(timer)
  await expect.poll(async () => (await last('innocent'))?.state?.context['count'], { timeout: 60_000 }).toBe(published)
  await nc.close()
  const limits = lines.flatMap((text) => /did not return within (\d+) s.*ended its host/.exec(text)?.[1] ?? [])
  expect(limits).toEqual(['10', '1'])
  const waits = await waitsOf('innocent')
  // Far from that of two whole limits; 11 to 12 s on a quiet machine.
  expect(Math.max(...waits)).toBeLessThan(19_000)
})

test('with the default limit, five inputs of one kind that do not return hold up others for the whole limit only once', async () => {
  const { addresses, lines } = await up({ DECISION_MS_MAX: '10000' })
  const bad = ['bad1', 'bad2', 'bad3', 'bad4', 'bad5']
  await publish(
    addresses.natsUrl,
    bad.map((id) => [id, sprung('guard')]),
  )
  for (const id of bad) await expect.poll(() => last(id), { timeout: 120_000 }).toMatchObject({ reason: 'poison' })
  const whole = lines.filter((text) => text.includes('did not return within 10 s') && text.includes('ended its host'))
  expect(whole).toHaveLength(1)
})

test.each(['label', 'upcaster'])('with one thread, a decision with the trap "%s" ends the process, which says so', async (how) => {
  const first = await up({ THREADS: 'off' })
  await publish(first.addresses.natsUrl, [['bad', sprung(how === 'label' ? 'label' : 'upcaster')]])
  const { stderr } = await first.ended
  stopping = []
  expect(stderr.trim().split('\n').at(-1)).toMatch(
    /^the decision on input 1 of acme\/trap\/bad did not return within 2\.5 s, at .*trap-config\.ts:\d+:\d+\); ending this process$/,
  )
})

test('with one thread, process.exit in a decision is refused, and its input is rejected', async () => {
  const { addresses } = await up({ THREADS: 'off' })
  await publish(addresses.natsUrl, [
    ['bad', sprung('exit')],
    ['innocent', fine],
  ])
  await expect
    .poll(() => last('bad'))
    .toMatchObject({ reason: 'poison', error: expect.stringContaining('process.exit(3) was called') as string })
  await expect.poll(() => last('innocent')).toMatchObject({ outcome: 'committed' })
})

test('a migration that calls process.exit ends the start, which names the actor', async () => {
  const first = await up()
  await publish(first.addresses.natsUrl, [['bad', sprung('migrate_exit')]])
  await expect.poll(() => last('bad')).toMatchObject({ outcome: 'committed' })
  first.signal('SIGTERM')
  await first.ended
  stopping = []
  const { code, stderr } = await runCli(['up', '--json'], { ...options, env: { TRAP_VERSION: '2' } })
  expect(code).toBe(1)
  expect(stderr).toContain('acme/trap/bad: ')
  expect(stderr).toContain('process.exit(0) was called')
})

test('code that blocks the thread of the host right at its start is named with its line', async () => {
  const file = join(options.dataDir, 'blocks.ts')
  const code = 'if (!isMainThread) for (;;);\n'
  await writeFile(file, `import { isMainThread } from 'node:worker_threads'\n${code}export { default } from '${CONFIG}'\n`)
  const starting = startCli(['up', '--json'], { ...options, settings: { ...SETTINGS, CONFIG: file } })
  stopping.push(starting)
  await starting.line((text) => /something blocks the thread of the role host, at .*blocks\.ts:2:\d+\)/.test(text))
  // It stops slowly: its start waits for the thread.
  starting.signal('SIGKILL')
})

test('a config whose import blocks the process ends the start, which names its file and line', async () => {
  const file = join(options.dataDir, 'hangs.ts')
  await writeFile(file, 'for (;;);\nexport default []\n')
  const { stderr } = await runCli(['up', '--json'], { ...options, settings: { ...SETTINGS, CONFIG: file } })
  expect(stderr).toMatch(/something blocked its thread for 3\d(\.\d)? s, at .*hangs\.ts:1:\d+\); ending this process/)
})
