import type { Logger } from 'pino'
import { codeOf } from '../../schemas/errors.ts'
import { RECORD_FORM } from '../../schemas/record-form.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { PartitionedStage } from '../runtime/partitioned-stage.ts'
import type { ClusterView, Membership } from './membership.ts'
import { type ClusterRegistry, type Lease, leaseKey, type RegistryView } from './registry.ts'
import { ownerOf } from './rendezvous-hash.ts'

export interface AssignmentOptions {
  readonly membership: Membership
  readonly registry: ClusterRegistry
  /** Names what is partitioned. Members that name the same workload share it. */
  readonly workload: string
  /** A workload whose partitions are on the same members where these take part in both. Default: none. */
  readonly beside?: string | undefined
  readonly stage: PartitionedStage
  readonly partitionCount: number
  readonly log: Logger
  readonly metrics: Metrics
}

/** A member's part of one workload: the leases it holds, and a stage that works on exactly these partitions. */
export interface Assignment {
  /** Whether this member holds a lease of the partition, as far as it knows. */
  isAssigned(partition: number): boolean
  /** Whether it may append for the partition: it is assigned, and its heartbeats are current. */
  hasValidLease(partition: number): boolean
  /** Reads from the registry whether another member owns the partition by now; if so, the partition is dropped here. */
  isLost(partition: number): Promise<boolean>
  /** Gives a partition up for good: members whose code is newer may work on it. */
  yieldPartition(partition: number): Promise<void>
  /** Stops the stage, then releases the leases. */
  stop(): Promise<void>
}

/**
 * Assigns a workload's partitions to the members that take part in it, by rendezvous hashing. The old owner of a partition releases it
 * before the new one claims it, unless the old owner is dead.
 */
export function assignPartitions(options: AssignmentOptions): Assignment {
  const { membership, registry, workload, stage, partitionCount, log, metrics } = options
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
  /** Stops work on partitions that another member took over: their leases are not this member's to release. */
  const drop = async (partitions: readonly number[]): Promise<void> => {
    log.warn({ work: workload, partitions }, 'another member took over partitions; dropped them here')
    metrics.partitionsLost.inc({ work: workload }, partitions.length)
    for (const partition of partitions) held.delete(partition)
    await stage.release(partitions)
  }
  /** Releases leases in this member's name that it does not know of: the answer to a claim or a release was lost. */
  const releaseUnknown = async (view: ClusterView, wanted: ReadonlySet<number>): Promise<void> => {
    const unknown = [...view.leases.values()].filter(
      (lease) => lease.work === workload && lease.member === membership.id && !held.has(lease.partition) && !wanted.has(lease.partition),
    )
    if (unknown.length === 0) return
    await Promise.all(unknown.map((lease) => registry.release(lease)))
    membership.notify()
  }
  const claim = async (view: ClusterView, partitions: readonly number[]): Promise<void> => {
    const alive = new Set(view.members.map(({ id }) => id))
    const leaseOf = (partition: number): Lease | undefined => view.leases.get(leaseKey(workload, partition))
    const free = partitions.filter((partition) => {
      const owner = leaseOf(partition)?.member ?? null
      return owner === null || owner === membership.id || !alive.has(owner)
    })
    const claimed = await Promise.all(free.map((partition) => registry.claim(workload, partition, membership.id, leaseOf(partition))))
    const won = claimed.filter((lease) => lease !== undefined)
    if (won.length === 0) return
    for (const lease of won) held.set(lease.partition, lease)
    const numbers = won.map(({ partition }) => partition)
    try {
      await stage.assign(numbers)
    } catch (error) {
      // A failed start may also have ended the run of partitions that were to join it.
      const idle = [...held.values()].filter(({ partition }) => !stage.partitions.has(partition))
      for (const { partition } of idle) held.delete(partition)
      await Promise.all(idle.map((lease) => registry.release(lease)))
      throw error
    }
    log.info({ work: workload, partitions: numbers.length, of: partitionCount, members: view.members.length }, 'acquired partitions')
  }
  const reconcile = async (view: ClusterView): Promise<void> => {
    if (stopped) return
    // A member with older code keeps what it has and gets no more: it might meet records that it cannot read.
    const working = view.members.filter(({ works, recordForm }) => works.includes(workload) && recordForm >= RECORD_FORM)
    const wanted = new Set<number>()
    for (let partition = 0; partition < partitionCount; partition += 1) {
      const able = working.filter(({ declines }) => declines[workload]?.includes(partition) !== true).map(({ id }) => id)
      if (ownerOf(able, leaseKey(options.beside ?? workload, partition)) === membership.id) wanted.add(partition)
    }
    const own = [...held.keys()]
    const lost = own.filter((partition) => {
      const lease = view.leases.get(leaseKey(workload, partition))
      return lease !== undefined && lease.epoch > (held.get(partition)?.epoch ?? 0)
    })
    if (lost.length > 0) await drop(lost)
    await release(own.filter((partition) => !lost.includes(partition) && !wanted.has(partition)))
    await releaseUnknown(view, wanted)
    await claim(
      view,
      [...wanted].filter((partition) => !held.has(partition)),
    )
  }
  membership.onView(reconcile)

  let reading: Promise<RegistryView> | undefined
  let readingNext: Promise<RegistryView> | undefined
  /** Reads the registry after this call. Callers during a read share the next one: after a break thousands of appends fail at once. */
  const readFresh = (): Promise<RegistryView> => {
    if (reading === undefined)
      return (reading = registry.read([workload]).finally(() => {
        reading = undefined
      }))
    // A failure of the current read goes to its own callers.
    return (readingNext ??= reading
      .catch(() => undefined)
      .then(() => {
        readingNext = undefined
        return readFresh()
      }))
  }

  return {
    isAssigned: (partition) => held.has(partition),
    hasValidLease: (partition) => held.has(partition) && membership.isCurrent(),
    async isLost(partition) {
      const { leases } = await readFresh()
      const lease = leases.get(leaseKey(workload, partition))
      const own = held.get(partition)
      if (own === undefined) return true
      if (lease === undefined || lease.epoch <= own.epoch) return false
      void drop([partition]).catch((error: unknown) =>
        log.warn({ code: codeOf(error), err: error }, 'could not stop work on a lost partition in order'),
      )
      return true
    },
    async yieldPartition(partition) {
      await membership.yieldPartition(workload, partition)
      await release([partition])
    },
    async stop() {
      stopped = true
      await stage.stop()
      const leases = membership.isCurrent() ? [...held.values()] : []
      held.clear()
      await Promise.all(leases.map((lease) => registry.release(lease))).catch((error: unknown) =>
        log.warn({ code: codeOf(error), err: error }, 'could not release leases; they end by themselves'),
      )
      membership.notify()
    },
  }
}
