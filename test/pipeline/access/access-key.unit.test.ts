import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { accessKey } from '../../../pipeline/access/access-key.ts'
import { createRateLimit } from '../../../pipeline/access/rate-limit.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colloquy-access-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('all who ask for a key at one time get the same one, which only the owner can read', async () => {
  const at = join(folder, 'access')
  const keys = await Promise.all(Array.from({ length: 8 }, () => accessKey(at, 'visitors')))
  expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1)
  expect(keys[0]?.length).toBe(32)
  expect(await readdir(at)).toEqual(['visitors'])
  expect([(await stat(at)).mode & 0o777, (await stat(join(at, 'visitors'))).mode & 0o777]).toEqual([0o700, 0o600])
})

test('a file that holds no key is refused by name', async () => {
  await writeFile(join(folder, 'visitors'), 'short\n')
  await expect(accessKey(folder, 'visitors')).rejects.toMatchObject({
    code: 'bad_access_key',
    message: expect.stringContaining(folder) as string,
  })
})

test('a client that has used up its window waits for the next one, and others do not', () => {
  let nowMs = 0
  const limit = createRateLimit({ max: 2, windowMs: 10_000, now: () => nowMs })
  expect([limit.take('a'), limit.take('a'), limit.take('a'), limit.take('b')]).toEqual([0, 0, 10, 0])
  nowMs = 9_001
  expect(limit.take('a')).toBe(1)
  nowMs = 10_000
  expect(limit.take('a')).toBe(0)
})
