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

test('a read of the registry whose last messages are lost with their server ends with no_reply, and the next one is complete', async () => {
  const { jetstream } = system.running
  const registry = await openClusterRegistry(jetstream, 1)
  const { direct } = jetstream.jsm
  // A test cannot make a server die between two messages of one answer, so it cuts the end of this answer off.
  const withoutEnd: typeof direct.getLastMessagesFor = async (...asked) => {
    const whole = await direct.getLastMessagesFor(...asked)
    const received: StoredMsg[] = []
    for await (const message of whole) received.push(message)
    const { promise: silence, reject } = Promise.withResolvers<never>()
    return Object.assign(Object.create(whole) as typeof whole, {
      stop: (error?: Error) => reject(error ?? new Error('it was stopped')),
      async *[Symbol.asyncIterator]() {
        yield* received
        yield await silence
      },
    })
  }
  const jsm: JetStreamManager = Object.assign(Object.create(jetstream.jsm) as JetStreamManager, {
    direct: Object.assign(Object.create(direct) as typeof direct, { getLastMessagesFor: withoutEnd }),
  })
  const interrupted = await openClusterRegistry({ ...jetstream, jsm }, 1)
  await expect(interrupted.read(['host'])).rejects.toMatchObject({ code: 'no_reply' })
  expect((await registry.read(['host'])).members).toHaveLength(1)
})

test('a release of a partition that the registry did not receive is repeated', async () => {
  const { jetstream } = system.running
  const workload = 'probe'
  const partitionCount = 8
  const registry = await openClusterRegistry(jetstream, 1)
  const allPartitions = Array.from({ length: partitionCount }, (_, partition) => partition)
  let releases = 0
  const lossy: ClusterRegistry = {
    ...registry,
    async release(lease) {
      // The first releases are lost; a repeated one arrives.
      if (releases++ < partitionCount) throw new ColloquyError('no_reply', 'the release was lost on its way')
      await registry.release(lease)
    },
  }
  const join = async (id: string, ownRegistry: ClusterRegistry) => {
    const membership = await joinCluster({
      jetstream,
      registry: ownRegistry,
      id,
      workloads: [workload],
      hostIdentity: 'here',
      pid: process.pid,
      isProcessAlive: () => true,
      leaseMs: 10_000,
      log: silent,
    })
    const stage = createPartitionedStage(workload, () => singlePartition(backgroundRun({ stop: () => undefined })), silent)
    const ownership = assignPartitions({
      membership,
      registry: ownRegistry,
      workload,
      stage,
      partitionCount,
      log: silent,
      metrics: createMetrics(),
    })
    return { membership, stage, ownership }
  }
  const first = await join('first', lossy)
  await first.membership.poll()
  expect([...first.stage.partitions]).toEqual(allPartitions)

  const second = await join('second', registry)
  second.membership.notify()
  await expect.poll(() => second.stage.partitions.size).toBeGreaterThan(0)
  await expect.poll(() => [...first.stage.partitions, ...second.stage.partitions].sort()).toEqual(allPartitions)
  expect(releases).toBeGreaterThan(0)
  for (const { ownership, membership } of [second, first]) {
    await ownership.stop().catch(() => undefined)
    await membership.stop()
  }
})
