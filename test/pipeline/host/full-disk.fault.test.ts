import { spawnSync } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { caughtUp, readLog } from '../../support/system-assertions.ts'
import { startSystem, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

/** A file system of the test's own, which it can enlarge. Only root may mount one, and not in every container. */
let dataDir: string
let store: string
const mount = (...args: readonly string[]): boolean => spawnSync('mount', ['-t', 'tmpfs', ...args, 'tmpfs', store]).status === 0

beforeAll(async () => {
  dataDir = await temporaryFolder()
  store = join(dataDir, 'nats')
  await mkdir(store)
})
afterAll(async () => {
  spawnSync('umount', [store])
  await rm(dataDir, { recursive: true, force: true })
})

test('a full disk loses no acknowledged message, and once there is room again the system goes on by itself', async ({ skip }) => {
  skip(!mount('-o', 'size=14m'), 'no file system can be mounted here')
  const system = await startSystem({ dataDir, kinds: [toyKind], settings: { ROLES: 'host,dispatch,tasks' } })
  const acknowledged: string[] = []
  let tries = 0
  const publish = async (): Promise<boolean> => {
    tries += 1
    const body = { type: 'note', id: `n-${tries}`, data: { text: Math.random().toString(36).repeat(3_000) } }
    const ack = await system.producer.request(`in.acme.toy.a${tries % 9}`, JSON.stringify(body), { timeout: 1_000 }).then(
      (reply) => reply.json<{ seq?: number }>(),
      () => undefined,
    )
    if (ack?.seq !== undefined) acknowledged.push(body.id)
    return ack?.seq !== undefined
  }
  try {
    while (await publish());
    const before = acknowledged.length
    expect(before).toBeGreaterThan(50)
    expect(await publish()).toBe(false)

    expect(mount('-o', 'remount,size=400m')).toBe(true)
    await expect.poll(publish).toBe(true)
    expect(await publish()).toBe(true)
    await caughtUp(system)
    const recorded = (await readLog(system)).map(({ record }) => record.input.id)
    expect(new Set(recorded).size).toBe(recorded.length)
    expect(recorded).toEqual(expect.arrayContaining(acknowledged))
    // A message without an acknowledgement may have been stored all the same.
    expect(recorded.length).toBeLessThanOrEqual(tries)
  } finally {
    await system.stop()
  }
})
