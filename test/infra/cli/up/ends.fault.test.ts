import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isProcessAlive } from '../../../../pipeline/runtime/process-alive.ts'
import { clientOf } from '../../../support/http-requests.ts'
import { type CliOptions, type CliProcess, runCli, startUp } from '../../../support/run-cli.ts'
import { temporaryFolder } from '../../../support/test-system.ts'

let options: CliOptions
let processes: CliProcess[] = []
const up = async (...args: string[]): ReturnType<typeof startUp> => {
  const started = await startUp(options, ...args)
  processes.push(started)
  return started
}

beforeEach(async () => {
  options = { dataDir: await temporaryFolder() }
})
afterEach(async () => {
  for (const process of processes) process.signal('SIGKILL')
  await Promise.all(processes.map(({ ended }) => ended))
  processes = []
  await rm(options.dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

const inDataDir = (name: string): string => join(options.dataDir, name)
/** The servers of the process: its nats-server and its ClickHouse. */
async function servers(): Promise<number[]> {
  const nats = Number(await readFile(inDataDir('nats.pid'), 'utf8'))
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0)
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  const clickhouse = pids.filter(
    (_pid, index) =>
      lines[index]?.startsWith(process.execPath) && lines[index].includes(options.dataDir) && lines[index].includes('clickhouse-engine'),
  )
  expect(clickhouse).toHaveLength(1)
  return [nats, ...clickhouse]
}
const timed = async <T>(work: Promise<T>): Promise<{ ms: number; result: T }> => {
  const startedMs = performance.now()
  const result = await work
  return { ms: performance.now() - startedMs, result }
}

/** Their watchdogs need two seconds and the time to start `sleep` twice, which a busy machine may make long. */
const SERVERS_END_MS_MAX = 20_000

const SOURCES = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '')

/** A kind whose task neither ends nor heeds its signal. */
const HANGING_KIND = `
import { setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '${SOURCES}/actors/definition/define-kind.ts'
import { defineTask } from '${SOURCES}/actors/definition/task-definition.ts'

const hang = defineTask({
  input: z.object({}), output: z.object({}), deadlineMs: 600_000, attemptsMax: 1, concurrencyMax: 1,
  run: () => new Promise(() => setInterval(() => undefined, 1_000)),
})
const kind = defineKind({
  name: 'hanging', version: 1, context: z.object({}), events: { go: z.object({}) }, emits: {}, tasks: { hang }, label: () => ({}),
})
export default [kind.with(setup(kind.xstate).createMachine({
  id: 'hanging', context: {}, initial: 'idle',
  states: { idle: { on: { go: 'busy' } }, busy: { invoke: { src: 'hang', input: {}, onDone: 'idle', onError: 'idle' } } },
}))]
`

describe('SIGTERM', () => {
  test.each([
    ['its servers hang', [0, 1]],
    ['its NATS hangs', [0]],
    ['its ClickHouse hangs', [1]],
  ])(
    'ends the process within 8 s if %s, the last line names what it waits for, and its servers end too',
    async (_what, hanging) => {
      const { signal, ended, lines } = await up()
      const pids = await servers()
      for (const index of hanging) process.kill(pids[index] ?? 0, 'SIGSTOP')

      signal('SIGTERM')
      const { ms, result } = await timed(ended)

      expect(ms).toBeLessThan(8_500)
      expect(result.code).toBe(1)
      expect(lines.at(-1)).toMatch(/stopping took longer than 6.5 s.*Still running: (the|nats-server|ClickHouse)/)
      await expect.poll(() => pids.map(isProcessAlive), { timeout: SERVERS_END_MS_MAX }).toEqual([false, false])
    },
    60_000,
  )

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'a second time, or %s, ends the process at once',
    async (second) => {
      const { signal, ended, line } = await up()
      const pids = await servers()
      for (const pid of pids) process.kill(pid, 'SIGSTOP')
      signal('SIGTERM')
      await line((text) => text.includes('"stopping"'))
      // Two signals at once count as one.
      await new Promise((resolve) => setTimeout(resolve, 600))

      signal(second)
      const { ms, result } = await timed(ended)

      expect(ms).toBeLessThan(2_500)
      expect(result.code).toBe(130)
      await expect.poll(() => pids.map(isProcessAlive), { timeout: SERVERS_END_MS_MAX }).toEqual([false, false])
    },
    60_000,
  )

  test('ends the process within 8 s while a task hangs and a client sends nothing more', async () => {
    await writeFile(inDataDir('colloquy.config.ts'), HANGING_KIND)
    await symlink(join(SOURCES, 'node_modules'), inDataDir('node_modules'))
    options = { ...options, settings: { CONFIG: inDataDir('colloquy.config.ts') } }
    const { signal, ended, addresses, lines } = await up()
    const { post } = clientOf(addresses.httpUrl ?? '')
    expect((await post('/v1/in/acme/hanging/a?wait=out', { type: 'go', data: {} })).status).toBe(200)
    const waiting = post('/v1/in/acme/none/a?wait=actor&timeoutMs=60000', { type: 'go', data: {} }).catch(() => undefined)

    signal('SIGTERM')
    const { ms } = await timed(ended)
    await waiting

    expect(ms).toBeLessThan(8_500)
    // On a busy machine the servers may take longer than what the task leaves of the time.
    expect(lines.at(-1)).toMatch(/"stopped"|Still running: (the|nats-server|ClickHouse)/)
  }, 60_000)
})

test('a deleted data folder ends the process, which says what happened and what to do', async () => {
  const { ended } = await up()
  // The servers keep creating files there.
  await rm(options.dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 })

  const { ms, result } = await timed(ended)

  expect(ms).toBeLessThan(15_000)
  expect(result.code).toBe(1)
  expect(result.stderr).toMatch(new RegExp(`${options.dataDir}.* was deleted .*colloquy restore[^]*code: data_dir_gone`))
}, 60_000)

test('a second one on the same data folder is refused before it writes anything', async () => {
  await up()
  const state = async (): Promise<string[]> => {
    const names = ['.', 'clickhouse/config.xml', 'clickhouse-password', 'nats.conf', 'nats-password', 'running.json', 'colloquy.log']
    return Promise.all(
      names.map((name) =>
        stat(inDataDir(name)).then(
          ({ mtimeMs, ino }) => `${name} ${mtimeMs} ${ino}`,
          () => `${name} -`,
        ),
      ),
    )
  }
  const before = await state()

  for (const command of [['up'], ['dev']]) {
    expect((await runCli(command, options)).stderr).toContain('code: data_dir_in_use')
  }

  expect(await state()).toEqual(before)
}, 60_000)

describe('an error of a file names its path', () => {
  const cases: [string, readonly string[], string, () => Promise<unknown>][] = [
    ['the data folder is a file', ['up'], 'taken', () => writeFile(inDataDir('taken'), '')],
    ['the lock is a folder', ['up'], 'taken/nats.lock', () => mkdir(inDataDir('taken/nats.lock'), { recursive: true })],
    ['the password is a folder', ['up'], 'taken/nats-password', () => mkdir(inDataDir('taken/nats-password'), { recursive: true })],
    ['the configuration is a folder', ['up'], 'taken/nats.conf', () => mkdir(inDataDir('taken/nats.conf'), { recursive: true })],
    [
      'the list of ClickHouse is a file',
      ['up'],
      'taken/clickhouse',
      async () => {
        await mkdir(inDataDir('taken'))
        await writeFile(inDataDir('taken/clickhouse'), '')
      },
    ],
    ['the addresses are a folder', ['status'], 'taken/running.json', () => mkdir(inDataDir('taken/running.json'), { recursive: true })],
    ['an import is a folder', ['import', 'FILE'], 'taken', () => mkdir(inDataDir('taken'))],
    ['an input is a folder', ['publish', 'a/b/c', 'x', '--file', 'FILE'], 'taken', () => mkdir(inDataDir('taken'))],
  ]
  test.each(cases)(
    '%s',
    async (_what, args, path, make) => {
      await make()
      const { code, stderr } = await runCli(
        args.map((arg) => (arg === 'FILE' ? inDataDir('taken') : arg)),
        { ...options, dataDir: inDataDir('taken') },
      )
      expect([code, stderr]).toEqual([1, expect.stringContaining(inDataDir(path))])
    },
    30_000,
  )
})

test('a ClickHouse that is away is named by the command line', async () => {
  options = { ...options, settings: { CLICKHOUSE_URL: 'http://127.0.0.1:1' } }
  await up()
  for (const command of [['sql', 'SELECT 1'], ['verify'], ['rebuild']]) {
    const { code, stderr } = await runCli(command, options)
    expect([command, code, stderr]).toEqual([command, 1, expect.stringMatching(/127\.0\.0\.1:1\b/)])
  }
  const { stdout } = await runCli(['status'], options)
  expect(stdout).toContain('http://127.0.0.1:1')
}, 60_000)
