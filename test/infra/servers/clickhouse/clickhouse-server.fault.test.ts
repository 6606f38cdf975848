import { execFile as execFileCallback, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import pino from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ClickHouse, startClickHouse } from '../../../../infra/servers/clickhouse/clickhouse-server.ts'
import { isProcessAlive } from '../../../../pipeline/runtime/process-alive.ts'

const execFile = promisify(execFileCallback)
const log = pino({ level: 'silent' })
const SERVER_MODULE = new URL('../../../../infra/servers/clickhouse/clickhouse-server.ts', import.meta.url).href
const timeout = 30_000
let dataDir: string
const started: ClickHouse[] = []

const start = async (options: { port?: number; log?: pino.Logger } = {}): Promise<ClickHouse> => {
  const server = await startClickHouse({ dataDir, port: options.port ?? 0, log: options.log ?? log })
  started.push(server)
  return server
}

const ask = async ({ url, username, password }: ClickHouse, query: string): Promise<string> => {
  const headers = { 'X-ClickHouse-User': username, 'X-ClickHouse-Key': password }
  const response = await fetch(url, { method: 'POST', body: query, headers })
  return response.text()
}

const pidOf = (server: ClickHouse): number => {
  if (server.pid === undefined) throw new Error('the engine does not run')
  return server.pid
}

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-clickhouse-'))
})

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop()
  await rm(dataDir, { recursive: true })
})

it('acknowledged rows survive kill -9 of the engine, which restarts at the same address', async () => {
  const server = await start()
  await ask(server, 'CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n')
  for (let n = 0; n < 50; n += 1) expect(await ask(server, `INSERT INTO t VALUES (${n})`)).toBe('')
  process.kill(pidOf(server), 'SIGKILL')
  await expect.poll(() => ask(server, 'SELECT count(), sum(n) FROM t').catch(() => 'away'), { timeout }).toBe('50\t1225\n')
  expect(server.restarts).toBe(1)
})

it('rows and the password survive a stop', async () => {
  const first = await start()
  await ask(first, 'CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n')
  await ask(first, 'INSERT INTO t VALUES (1)')
  await first.stop()
  await first.stop()
  const second = await start({ port: first.port })
  expect(second.password).toBe(first.password)
  expect(await ask(second, 'SELECT * FROM t')).toBe('1\n')
})

it('a stop lets a running query finish and does not wait for idle connections', async () => {
  const server = await start()
  const pid = pidOf(server)
  const slow = ask(server, 'SELECT sleepEachRow(0.1) FROM numbers(20) SETTINGS max_block_size = 1')
  await expect.poll(() => ask(server, "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow%'"), { timeout }).toBe('2\n')
  await server.stop()
  expect(await slow).toBe('0\n'.repeat(20))
  expect(isProcessAlive(pid)).toBe(false)
})

it('the engine ends when the process that started it is killed', async () => {
  const script = `
    import pino from 'pino'
    import { startClickHouse } from ${JSON.stringify(SERVER_MODULE)}
    const server = await startClickHouse({ dataDir: ${JSON.stringify(dataDir)}, port: 0, log: pino({ level: 'silent' }) })
    console.log(server.pid)`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface(parent.stdout)) {
    const pid = Number(line)
    expect(isProcessAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await expect.poll(() => isProcessAlive(pid), { timeout }).toBe(false)
  }
})

it('a port in use is an error that names the setting', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : undefined
  await expect(start({ port })).rejects.toMatchObject({
    code: 'clickhouse_port_taken',
    message: expect.stringContaining('COLLOQUY_CLICKHOUSE_PORT') as string,
  })
  other.close()
})

it('a folder that another engine uses is an error that says so', async () => {
  await start()
  await expect(start()).rejects.toMatchObject({
    code: 'child_failed',
    message: expect.stringContaining('Another server instance') as string,
  })
})

it('the password is readable by its owner only, and neither on a command line nor in the log', async () => {
  const lines: string[] = []
  const server = await start({
    log: pino(
      { level: 'trace' },
      {
        write: (line: string) => {
          lines.push(line)
        },
      },
    ),
  })
  const { stdout: commands } = await execFile('ps', ['-A', '-o', 'args='])
  await server.stop()

  const file = join(dataDir, 'clickhouse-password')
  expect((await readFile(file, 'utf8')).trim()).toBe(server.password)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(commands).toContain(dataDir)
  expect(commands).not.toContain(server.password)
  expect(lines.join('')).not.toContain(server.password)
  expect(await readFile(join(dataDir, 'clickhouse/config.xml'), 'utf8')).not.toContain(server.password)
})
