import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { obtainNatsServer, type ObtainOptions } from '../../../../infra/servers/nats/obtain-nats.ts'
import { codeOf, messageOf } from '../../../../schemas/errors.ts'

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'colloquy-test-'))
})
afterEach(() => rm(dir, { recursive: true }))

async function program(name: string, output: string): Promise<string> {
  const path = join(dir, name)
  await writeFile(path, `#!/bin/sh\necho "${output}"\n`)
  await chmod(path, 0o755)
  return path
}

/** With nothing installed and nothing to be downloaded, unless said otherwise. */
const obtain = (options: Partial<ObtainOptions>) =>
  obtainNatsServer({
    cacheDir: join(dir, 'cache'),
    log: pino({ level: 'silent' }),
    installed: [],
    download: async () => {
      throw new Error('there is no network')
    },
    ...options,
  })

const refusal = (options: Partial<ObtainOptions>): Promise<unknown> => obtain(options).catch((error: unknown) => error)

test('the configured program is used before an installed one', async () => {
  const configured = await program('mine', 'nats-server: v2.13.0')
  const installed = [await program('installed', 'nats-server: v2.14.0')]

  expect(await obtain({ configured, installed })).toEqual({ command: configured, version: '2.13.0' })
})

test.each([
  ['too old', 'nats-server: v2.11.9', /2\.11\.9 is older than 2\.12\.0/],
  ['something else', 'hello', /gives no version/],
])('a configured program that is %s is refused, even if another would do', async (_what, output, reason) => {
  const configured = await program('mine', output)
  const error = await refusal({ configured, installed: [await program('installed', 'nats-server: v2.14.0')] })

  expect(codeOf(error)).toBe('nats_server_unusable')
  expect(messageOf(error)).toMatch(reason)
  expect(messageOf(error)).toContain('COLLOQUY_NATS_SERVER_BIN')
})

test('an installed program that is too old is skipped', async () => {
  const old = await program('old', 'nats-server: v2.9.25')
  const recent = await program('recent', 'nats-server: v2.12.1')

  expect(await obtain({ installed: [old, recent] })).toEqual({ command: recent, version: '2.12.1' })
})

test('a downloaded program is kept, and used the next time without a download', async () => {
  const downloaded = await obtain({ download: () => program('fresh', 'nats-server: v2.15.1') })

  expect(downloaded.command.startsWith(join(dir, 'cache'))).toBe(true)
  expect(await obtain({})).toEqual(downloaded)
})

test('the newest cached program is used', async () => {
  await obtain({ download: () => program('a', 'nats-server: v2.12.9') })
  await rm(join(dir, 'a'))
  const [older] = await readdir(join(dir, 'cache'))
  await program(join('cache', older?.replace('2.12.9', '2.12.10') ?? ''), 'nats-server: v2.12.10')

  expect((await obtain({})).version).toBe('2.12.10')
})

test('processes that download at the same time all get a working program and leave one in the cache', async () => {
  const found = await Promise.all(
    Array.from({ length: 8 }, (_, i) => obtain({ download: () => program(`fresh${i}`, 'nats-server: v2.15.1') })),
  )

  expect(new Set(found.map(({ command }) => command)).size).toBe(1)
  expect(await readdir(join(dir, 'cache'))).toHaveLength(1)
})

test('a download that does not run is not kept', async () => {
  const error = await refusal({ download: () => program('broken', 'Segmentation fault') })

  expect(codeOf(error)).toBe('nats_server_not_found')
  expect(codeOf(await refusal({}))).toBe('nats_server_not_found')
})

test('when every way fails, the error lists each attempt with its reason, and what to do', async () => {
  const old = await program('old', 'nats-server: v2.9.25')
  const message = messageOf(await refusal({ installed: ['no-such-nats-server', old] }))

  expect(message).toContain('no-such-nats-server: not there')
  expect(message).toContain(`${old}: version 2.9.25 is older than 2.12.0`)
  expect(message).toContain('there is no network')
  expect(message).toContain('brew install nats-server')
  expect(message).toContain('COLLOQUY_NATS_SERVER_BIN')
})
