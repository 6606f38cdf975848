import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StorageType } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import pRetry from 'p-retry'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NatsServers, startNatsCluster } from '../../../bench/harness/nats-servers.ts'
import { openJetStream } from '../../../infra/app/nats-access.ts'
import { confirmMissing, findRemoved, loadRemoved } from '../../../pipeline/jetstream/removed.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { silent, temporaryFolder } from '../../support/test-system.ts'

let folder: string
let cluster: NatsServers
let jetstream: Awaited<ReturnType<typeof openJetStream>>
beforeAll(async () => {
  folder = await temporaryFolder()
  cluster = await startNatsCluster(folder)
  jetstream = await connectTo(cluster.url)
  for (const [name, subject] of [
    ['LOG', 'log.>'],
    ['REMOVED', 'removed.*'],
  ] as const) {
    await jetstream.jsm.streams.add({ name, subjects: [subject], allow_direct: true, num_replicas: 3, storage: StorageType.File })
  }
  for (let i = 1; i <= 30; i += 1) await jetstream.js.publish('log.1.a.b.c', JSON.stringify({ number: `n-${i}-n`, pad: 'x'.repeat(200) }))
})
afterAll(async () => {
  await jetstream.close()
  await cluster.stop()
  await rm(folder, { recursive: true, force: true })
})

const connectTo = async (urls: string) =>
  openJetStream(
    // A server that starts again is waited for.
    await connect({
      servers: urls.split(','),
      user: cluster.user,
      pass: cluster.password,
      waitOnFirstConnect: true,
      maxReconnectAttempts: -1,
    }),
  )

/** The servers of LOG by their place in the cluster: the leader, and one that follows it. */
async function members(): Promise<{ leader: number; follower: number }> {
  const { cluster: at } = await jetstream.jsm.streams.info('LOG')
  const names = Array.from({ length: cluster.size }, (_, index) => cluster.nameOf(index))
  const leader = names.indexOf(at?.leader ?? '')
  return { leader, follower: (leader + 1) % cluster.size }
}

/** Damages a record in a server's own file of LOG. */
async function damage(server: number, text: string): Promise<void> {
  const all = await readdir(join(folder, cluster.nameOf(server)), { recursive: true, withFileTypes: true })
  let found = 0
  for (const { name, parentPath } of all) {
    if (!name.endsWith('.blk') || !/streams\/LOG\/msgs$/.test(parentPath)) continue
    const bytes = await readFile(join(parentPath, name))
    const at = bytes.indexOf(text)
    if (at < 0) continue
    bytes.write('XXXX', at)
    await writeFile(join(parentPath, name), bytes)
    found += 1
  }
  expect(found).toBe(1)
}

test('what is damaged on one replica is not lost; what the leader lacks is', async () => {
  const { follower } = await members()
  await cluster.kill(follower)
  await damage(follower, 'n-10-n')
  await cluster.start(follower)
  // The server may get the record from the others again at its start.
  const near = await pRetry(() => connectTo(`nats://127.0.0.1:${cluster.ports[follower]}`))
  const isCurrent = async (stream: string): Promise<boolean> => {
    const { cluster: at } = await near.jsm.streams.info(stream)
    return (at?.replicas ?? []).every(({ current, offline }) => current && offline !== true)
  }
  for (const stream of ['LOG', 'REMOVED']) await expect.poll(() => isCurrent(stream)).toBe(true)
  try {
    // A server that has just started may not answer a reader yet.
    expect(await pRetry(() => confirmMissing(near, [{ from: 5, to: 15 }]))).toEqual([])
    expect(await pRetry(() => findRemoved(near))).toMatchObject({ ranges: [], unknown: [] })
  } finally {
    await near.close()
  }

  await jetstream.jsm.streams.deleteMessage('LOG', 20)
  expect(await confirmMissing(jetstream, [{ from: 20, to: 21 }])).toEqual([{ from: 20, to: 20 }])
  await loadRemoved({ jetstream, log: silent, metrics: createMetrics() })
  const { ranges, unknown } = await findRemoved(jetstream)
  expect(ranges).toMatchObject([{ from: 20, to: 20, reason: 'lost' }])
  expect(unknown).toEqual([])
})
