import type { Logger } from 'pino'
import { codeOf } from '../../schemas/errors.ts'
import type { PartitionedStage } from '../runtime/partitioned-stage.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { leaseKey, type ClusterRegistry, type RegistryView, type Lease } from './registry.ts'
import type { ClusterView, Membership } from './membership.ts'
import { ownerOf } from './rendezvous-hash.ts'

export interface AssignmentOptions {
  readonly membership: Membership
  readonly registry: ClusterRegistry
  /** What the partitions are of. Members that name it alike share it out. */
  readonly workload: string
  readonly stage: PartitionedStage
  readonly partitionCount: number
  readonly log: Logger
  readonly metrics: Metrics
}

/** A member's part in one kind of work: the leases it holds, and a stage that works on just these. */
export interface Assignment {
  /** Whether a partition is this member's, as far as it knows. */
  isAssigned(partition: number): boolean
  /** Whether it may append for it too: by its own clock it was heard of lately, or has looked since. */
  hasValidLease(partition: number): boolean
  /** Asks the board whether the partition has another owner by now; if so it is dropped here. */
  isLost(partition: number): Promise<boolean>
  /** Gives a partition up for good: others, whose code is newer, may work on it. */
  yieldPartition(partition: number): Promise<void>
  /** Ends the work in order and gives its leases back. */
  stop(): Promise<void>
}

/**
 * Shares a stage's partitions out over the members that take part in its work, by rendezvous hashing. A partition is released
 * by its old owner before its new one claims it, unless the old one is gone.
 */
export function assignPartitions({ membership, registry, workload: work, stage, partitionCount, log, metrics }: AssignmentOptions): Assignment {
  const held = new Map<number, Lease>()
  let stopped = false

  const release = async (partitions: readonly number[]): Promise<void> => {
    if (partitions.length === 0) return
    await stage.release(partitions)
    const leases = partitions.flatMap((partition) => held.get(partition) ?? [])
    for (const partition of partitions) held.delete(partition)
    await Promise.all(leases.map((lease) => registry.release(lease)))
    membership.notify()
  }
  /** Drops what is another's, or was: nothing is given back. */
  const drop = async (partitions: readonly number[]): Promise<void> => {
    log.warn({ work, partitions }, 'partitions have another owner by now; they are dropped')
    metrics.partitionsLost.inc({ work }, partitions.length)
    for (const partition of partitions) held.delete(partition)
    await stage.release(partitions)
  }
  /** Leases in this member's name that it does not hold: what it said of them was done, or not, and the answer was lost. Others would wait for them. */
  const giveBackForgotten = async (view: ClusterView, wanted: ReadonlySet<number>): Promise<void> => {
    const forgotten = [...view.leases.values()].filter((lease) =>
      lease.work === work && lease.member === membership.id && !held.has(lease.partition) && !wanted.has(lease.partition))
    if (forgotten.length === 0) return
    await Promise.all(forgotten.map((lease) => registry.release(lease)))
    membership.notify()
  }
  const claim = async (view: ClusterView, partitions: readonly number[]): Promise<void> => {
    const alive = new Set(view.members.map(({ id }) => id))
    const free = partitions.filter((partition) => {
      const owner = view.leases.get(leaseKey(work, partition))?.member ?? null
      return owner === null || owner === membership.id || !alive.has(owner)
    })
    const claimed = await Promise.all(free.map((partition) => registry.claim(work, partition, membership.id, view.leases.get(leaseKey(work, partition)))))
    const won = claimed.filter((lease) => lease !== undefined)
    if (won.length === 0) return
    for (const lease of won) held.set(lease.partition, lease)
    const numbers = won.map(({ partition }) => partition)
    try {
      await stage.assign(numbers)
    } catch (error) {
      // Older ones that were to be read together with these have no run either.
      const idle = [...held.values()].filter(({ partition }) => !stage.partitions.has(partition))
      for (const { partition } of idle) held.delete(partition)
      await Promise.all(idle.map((lease) => registry.release(lease)))
      throw error
    }
    log.info({ work, partitions: numbers.length, of: partitionCount, members: view.members.length }, 'partitions were taken over')
  }
  const reconcile = async (view: ClusterView): Promise<void> => {
    if (stopped) return
    const working = view.members.filter(({ works }) => works.includes(work))
    const wanted = new Set<number>()
    for (let partition = 0; partition < partitionCount; partition += 1) {
      const able = working.filter(({ declines }) => declines[work]?.includes(partition) !== true).map(({ id }) => id)
      if (ownerOf(able, leaseKey(work, partition)) === membership.id) wanted.add(partition)
    }
    const mine = [...held.keys()]
    const lost = mine.filter((partition) => {
      const lease = view.leases.get(leaseKey(work, partition))
      return lease !== undefined && lease.epoch > (held.get(partition)?.epoch ?? 0)
    })
    if (lost.length > 0) await drop(lost)
    await release(mine.filter((partition) => !lost.includes(partition) && !wanted.has(partition)))
    await giveBackForgotten(view, wanted)
    await claim(view, [...wanted].filter((partition) => !held.has(partition)))
  }
  membership.onView(reconcile)

  let reading: Promise<RegistryView> | undefined
  let readingNext: Promise<RegistryView> | undefined
  /** The board as it is after this call; all who ask while it is being read share the next reading: after a break thousands of appends are refused at once. */
  const readAnew = (): Promise<RegistryView> => {
    if (reading === undefined) return reading = registry.read([work]).finally(() => { reading = undefined })
    // Its failure is told to those who asked for it.
    return readingNext ??= reading.catch(() => undefined).then(() => {
      readingNext = undefined
      return readAnew()
    })
  }

  return {
    isAssigned: (partition) => held.has(partition),
    hasValidLease: (partition) => held.has(partition) && membership.isCurrent(),
    async isLost(partition) {
      const { leases } = await readAnew()
      const lease = leases.get(leaseKey(work, partition))
      const mine = held.get(partition)
      if (mine === undefined) return true
      if (lease === undefined || lease.epoch <= mine.epoch) return false
      void drop([partition]).catch((error: unknown) => log.warn({ code: codeOf(error), err: error }, 'a lost partition could not be dropped in order'))
      return true
    },
    async yieldPartition(partition) {
      await membership.yieldPartition(work, partition)
      await release([partition])
    },
    async stop() {
      stopped = true
      await stage.stop()
      const leases = membership.isCurrent() ? [...held.values()] : []
      held.clear()
      await Promise.all(leases.map((lease) => registry.release(lease)))
        .catch((error: unknown) => log.warn({ code: codeOf(error), err: error }, 'leases could not be given back; they end by themselves'))
      membership.notify()
    },
  }
}
