import { once } from 'node:events'
import { access, readFile, rm, stat } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isProcessAlive } from '../../../../pipeline/runtime/process-alive.ts'
import { cliJson, type CliOptions, type CliProcess, runCli, startCli, startUp } from '../../../support/run-cli.ts'
import { temporaryFolder } from '../../../support/test-system.ts'

let options: CliOptions
let processes: CliProcess[] = []
const up = async (...args: string[]): ReturnType<typeof startUp> => {
  const started = await startUp(options, ...args)
  processes.push(started)
  return started
}

beforeEach(async () => {
  options = { dataDir: await temporaryFolder(), settings: { ROLES: 'host,dispatch,tasks' } }
})
afterEach(async () => {
  for (const process of processes) process.signal('SIGTERM')
  await Promise.all(processes.map(({ ended }) => ended))
  processes = []
  await rm(options.dataDir, { recursive: true })
})

const inDataDir = (name: string): string => join(options.dataDir, name)
const natsPid = async (): Promise<number> => Number(await readFile(inDataDir('nats.pid'), 'utf8'))

describe('while it runs', () => {
  test('other commands find it by the data folder, on any ports', async () => {
    const { addresses, pid } = await up()

    expect(addresses).toMatchObject({ pid, natsUrl: expect.stringMatching(/^nats:\/\/127\.0\.0\.1:\d+$/) as string })
    expect((await stat(inDataDir('running.json'))).mode & 0o777).toBe(0o600)
    expect((await runCli(['status'], options)).code).toBe(0)
  })

  test('a second one on the same data folder is refused, and the first one keeps running', async () => {
    await up()

    const second = await runCli(['up'], options)

    expect(second.code).toBe(1)
    expect(second.stderr).toContain('code: data_dir_in_use')
    expect((await runCli(['status'], options)).code).toBe(0)
  })
})

describe('Ctrl-C', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('(%s) ends it in order, with nothing left running', async (signal) => {
    const { signal: send, ended, pid } = await up()
    const server = await natsPid()
    expect(isProcessAlive(server)).toBe(true)

    send(signal)

    expect(await ended).toMatchObject({ code: 0, stderr: '' })
    expect([pid, server].map(isProcessAlive)).toEqual([false, false])
    await expect(access(inDataDir('running.json'))).rejects.toThrow()
    expect((await runCli(['status'], options)).stderr).toContain('code: not_running')
  })

  test('that npm passes on counts once', async () => {
    const { signal, ended } = await up()

    signal('SIGINT')
    signal('SIGINT')

    expect(await ended).toMatchObject({ code: 0 })
  })

  test('during the start stops what has started, and starts nothing more', async () => {
    const starting = startCli(['up', '--json', '--log-level', 'debug'], options)
    processes.push(starting)
    await starting.line((line) => line.includes('nats-server'))

    starting.signal('SIGINT')

    const ended = await starting.ended
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    expect(isProcessAlive((await natsPid().catch(() => 0)) || starting.pid)).toBe(false)
  })
})

test('a port in use is an error that names the setting, and nothing is left running', async () => {
  const stranger = createServer().listen(0, '127.0.0.1')
  await once(stranger, 'listening')
  const { port } = stranger.address() as AddressInfo
  const { code, stdout, stderr } = await runCli(['up', '--nats-port', String(port)], options)
  stranger.close()

  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/COLLOQUY_NATS_PORT[^]*code: port_taken/)
  await expect(access(inDataDir('nats.pid'))).rejects.toThrow()
})

test('commands on a data folder without a system say what to start', async () => {
  const commands = [
    ['status'],
    ['show', 'a/b/c'],
    ['tail'],
    ['dead', 'ls'],
    ['publish', 'a/b/c', 'x', '{}'],
    ['sql', 'SELECT 1'],
    ['kinds'],
  ]
  for (const { code, stdout, stderr } of await Promise.all(commands.map((command) => runCli(command, options)))) {
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/npx colloquy up[^]*code: not_running/)
  }
})

test('without a terminal it says where it listens and what an acknowledgement means, then logs', async () => {
  const plain = startCli(['up'], options)
  processes.push(plain)

  expect(await plain.line((line) => line.startsWith('NATS'))).toMatch(/^NATS +nats:\/\/127\.0\.0\.1:\d+$/)
  expect(await plain.line((line) => line.startsWith('Acknowledged means'))).toContain('one replica, fsync every 2m')
})

describe('the demo', () => {
  const records = async (): Promise<number> => (await cliJson<{ log: { last: number } }>(['status'], options))[0]?.log.last ?? 0

  test('is played on the first start only', async () => {
    const first = await up('--demo')
    const played = await cliJson<{ tenant: string }>(['tail', 'demo/support', '--since', '1', '--limit', '10'], options)
    expect(played).toHaveLength(10)
    first.signal('SIGINT')
    expect(await first.ended).toMatchObject({ code: 0, stderr: '' })

    const second = await up('--demo')

    expect(await second.line((line) => line.includes('the demo '))).toContain('was already played')
  })

  test('is not played where --no-demo comes last', async () => {
    await up('--demo', '--no-demo')

    expect(await records()).toBe(0)
  })
})
