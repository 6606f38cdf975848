import type { Logger } from 'pino'
import { type Assignment, assignPartitions } from '../../pipeline/cluster/assignment.ts'
import type { Membership } from '../../pipeline/cluster/membership.ts'
import type { ClusterRegistry } from '../../pipeline/cluster/registry.ts'
import type { Metrics } from '../../pipeline/runtime/metrics.ts'
import { createPartitionedStage, type PartitionedStage, type PartitionRun } from '../../pipeline/runtime/partitioned-stage.ts'
import type { Stage } from '../../pipeline/runtime/stage.ts'

/** Work whose partitions the members of the cluster share. */
export interface SharedWork {
  /** Name in log lines. */
  readonly name: string
  /** Name in the cluster registry: members with the same workload share its partitions. Default: `name`. */
  readonly workload?: string
  /** The workload of the stage that hands over to it: members that take part in both get the same partitions. Default: none. */
  readonly beside?: string
  /** 1: one member does the work, and another takes over if it fails. */
  readonly partitions: number
  readonly start: (partitions: readonly number[], assignment: Assignment, membership: Membership) => Promise<PartitionRun>
  /**
   * Set for work whose progress the trimming of INBOX needs. INBOX messages up to this member's position may be removed once the
   * dispatcher has reached this LOG sequence.
   */
  readonly logSeqNeeded?: () => number
}

/** Work that each process with the role does on its own. */
export interface OwnWork {
  readonly name: string
  readonly partitions: 'all'
  readonly start: (started: AsyncDisposableStack) => Promise<Stage>
}

export interface SharingDeps {
  readonly registry: ClusterRegistry
  readonly membership: Membership
  readonly log: Logger
  readonly metrics: Metrics
}

/** The name of work in the cluster registry. */
export const workloadOf = ({ workload, name }: SharedWork): string => workload ?? name

/** Returns a function that creates a stage for shared work. The stage works on the partitions that this member owns. */
export function createSharing(deps: SharingDeps, started: AsyncDisposableStack): (work: SharedWork) => PartitionedStage {
  const { membership } = deps
  return (work: SharedWork): PartitionedStage => {
    const stage = createPartitionedStage(work.name, (partitions) => work.start(partitions, assignment, membership), deps.log)
    const assignment = assignPartitions({
      ...deps,
      workload: workloadOf(work),
      beside: work.beside,
      stage,
      partitionCount: work.partitions,
    })
    started.defer(() => assignment.stop())
    const { logSeqNeeded } = work
    if (logSeqNeeded !== undefined) {
      membership.reportShare(workloadOf(work), () => ({
        partitions: [...stage.partitions],
        position: stage.status().position,
        logSeq: logSeqNeeded(),
      }))
    }
    return stage
  }
}

/** Starts work that this process does on its own. */
export async function startOwn(work: OwnWork, started: AsyncDisposableStack): Promise<Stage> {
  const stage = await work.start(started)
  started.defer(() => stage.stop())
  return stage
}
