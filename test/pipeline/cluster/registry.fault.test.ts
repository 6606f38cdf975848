import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { assignPartitions } from '../../../pipeline/cluster/assignment.ts'
import { joinCluster } from '../../../pipeline/cluster/membership.ts'
import { type ClusterRegistry, openClusterRegistry } from '../../../pipeline/cluster/registry.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { backgroundRun, createPartitionedStage, singlePartition } from '../../../pipeline/runtime/partitioned-stage.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { silent, startSystem, type System } from '../../support/test-system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ settings: { ROLES: 'host' } })
})
afterAll(() => system.stop())

test('an answer of the board whose end is lost with its server is not waited for, and the next one is whole', async () => {
  const { jetstream } = system.running
  const registry = await openClusterRegistry(jetstream, 1)
  const { direct } = jetstream.jsm
  // No server can be made to die between two messages of one answer: the end of this one is taken away.
  const endless: typeof direct.getLastMessagesFor = async (...asked) => {
    const whole = await direct.getLastMessagesFor(...asked)
    const seen: StoredMsg[] = []
    for await (const message of whole) seen.push(message)
    const { promise: silence, reject } = Promise.withResolvers<never>()
    return Object.assign(Object.create(whole) as typeof whole, {
      stop: (error?: Error) => reject(error ?? new Error('it was stopped')),
      async *[Symbol.asyncIterator]() {
        yield* seen
        yield await silence
      },
    })
  }
  const jsm: JetStreamManager = Object.assign(Object.create(jetstream.jsm) as JetStreamManager, {
    direct: Object.assign(Object.create(direct) as typeof direct, { getLastMessagesFor: endless }),
  })
  const interrupted = await openClusterRegistry({ ...jetstream, jsm }, 1)
  await expect(interrupted.read(['host'])).rejects.toMatchObject({ code: 'no_reply' })
  expect((await registry.read(['host'])).members).toHaveLength(1)
})

test('partitions whose return the board did not hear of are given back all the same', async () => {
  const { jetstream } = system.running
  const work = 'probe'
  const partitionCount = 8
  const registry = await openClusterRegistry(jetstream, 1)
  const all = Array.from({ length: partitionCount }, (_, partition) => partition)
  let unheard = 0
  const deaf: ClusterRegistry = {
    ...registry,
    async release(lease) {
      // Of each partition only what is said of it again arrives.
      if (unheard++ < partitionCount) throw new ColloquyError('no_reply', 'it was lost on its way')
      await registry.release(lease)
    },
  }
  const join = async (id: string, itsBoard: ClusterRegistry) => {
    const membership = await joinCluster({
      jetstream,
      registry: itsBoard,
      id,
      workloads: [work],
      hostIdentity: 'here',
      pid: process.pid,
      isProcessAlive: () => true,
      leaseMs: 10_000,
      log: silent,
    })
    const stage = createPartitionedStage(work, () => singlePartition(backgroundRun({ stop: () => undefined })), silent)
    const ownership = assignPartitions({
      membership,
      registry: itsBoard,
      workload: work,
      stage,
      partitionCount,
      log: silent,
      metrics: createMetrics(),
    })
    return { membership, stage, ownership }
  }
  const first = await join('first', deaf)
  await first.membership.poll()
  expect([...first.stage.partitions]).toEqual(all)

  const second = await join('second', registry)
  second.membership.notify()
  await expect.poll(() => second.stage.partitions.size).toBeGreaterThan(0)
  await expect.poll(() => [...first.stage.partitions, ...second.stage.partitions].sort()).toEqual(all)
  expect(unheard).toBeGreaterThan(0)
  for (const { ownership, membership } of [second, first]) {
    await ownership.stop().catch(() => undefined)
    await membership.stop()
  }
})
