import { existsSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { adoptStreams } from '../../../../infra/servers/nats/adopt-streams.ts'
import { startNatsServer } from '../../../../infra/servers/nats/nats-server.ts'
import { obtainNatsServer } from '../../../../infra/servers/nats/obtain-nats.ts'
import { silent, temporaryFolder } from '../../../support/test-system.ts'

let binary: string
let dataDir: string
const folderOf = (account: string): string => join(dataDir, 'nats', 'jetstream', account)

beforeAll(async () => {
  binary = (await obtainNatsServer({ cacheDir: join(homedir(), '.cache', 'colloquy'), log: silent })).command
})
beforeEach(async () => {
  dataDir = await temporaryFolder()
})
afterEach(() => rm(dataDir, { recursive: true }))

/** Starts a server on the folder, and returns the messages of LOG after publishing one. */
async function appendOne(): Promise<number> {
  const server = await startNatsServer({ dataDir, port: 0, binary, log: silent })
  const nc = await connect({ servers: server.url, user: server.user, pass: server.password })
  try {
    const jsm = await jetstreamManager(nc)
    await jsm.streams.add({ name: 'LOG', subjects: ['log.>'] })
    await jetstream(nc).publish('log.0.a.b.c', 'a record')
    return (await jsm.streams.info('LOG')).state.messages
  } finally {
    await nc.close()
    await server.stop()
  }
}
/** Makes the folder one of a version without accounts. */
const makeOld = (): Promise<void> => rename(folderOf('CORE'), folderOf('$G'))

test('the streams of a version without accounts are taken over, each time that a start is repeated', async () => {
  expect(await appendOne()).toBe(1)
  await makeOld()
  expect(await appendOne()).toBe(2)
  expect(existsSync(folderOf('$G'))).toBe(false)
  expect(await appendOne()).toBe(3)
})

test('an account without streams is no hindrance, whichever it is', async () => {
  await appendOne()
  await mkdir(join(folderOf('$G'), 'streams'), { recursive: true })
  expect(await appendOne()).toBe(2)
  await rm(folderOf('$G'), { recursive: true, force: true })
  await makeOld()
  await mkdir(join(folderOf('CORE'), 'streams'), { recursive: true })
  expect(await appendOne()).toBe(3)
})

test('a crash at any point leaves a folder that the next start takes over', async () => {
  await appendOne()
  await makeOld()
  // The rename is the only step that changes the streams: a crash is either before it or after it.
  await adoptStreams(join(dataDir, 'nats'), silent)
  await adoptStreams(join(dataDir, 'nats'), silent)
  expect(await appendOne()).toBe(2)
})

test('a folder on which an older version has run since is refused, and keeps both', async () => {
  await appendOne()
  await cp(folderOf('CORE'), folderOf('$G'), { recursive: true })
  await expect(appendOne()).rejects.toMatchObject({ code: 'two_stores' })
  expect([existsSync(folderOf('CORE')), existsSync(folderOf('$G'))]).toEqual([true, true])
  await rm(folderOf('$G'), { recursive: true, force: true })
  expect(await appendOne()).toBe(2)
})
