import type { Logger } from 'pino'
import { type Assignment,assignPartitions } from '../../pipeline/cluster/assignment.ts'
import type { Membership } from '../../pipeline/cluster/membership.ts'
import type { ClusterRegistry } from '../../pipeline/cluster/registry.ts'
import type { Metrics } from '../../pipeline/runtime/metrics.ts'
import { createPartitionedStage, type PartitionedStage, type PartitionRun } from '../../pipeline/runtime/partitioned-stage.ts'
import type { Stage } from '../../pipeline/runtime/stage.ts'

/** Work that the members of the cluster share out by partition. */
export interface SharedWork {
  /** As log lines name it. */
  readonly name: string
  /** By which members know that they do the same work; default: its name. */
  readonly workload?: string
  /** 1: one member does it for all, and the others stand by. */
  readonly partitions: number
  readonly start: (partitions: readonly number[], assignment: Assignment, membership: Membership) => Promise<PartitionRun>
  /**
   * Of work whose progress members tell each other: the LOG sequence that has to be dispatched before they need nothing below their
   * position any more.
   */
  readonly logSeqNeeded?: () => number
}

/** Work that each process with the role does for itself. */
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

export const workloadOf = ({ workload, name }: SharedWork): string => workload ?? name

/** Makes stages that work on the partitions that this member owns. */
export function createSharing(deps: SharingDeps, started: AsyncDisposableStack): (work: SharedWork) => PartitionedStage {
  const { membership } = deps
  return (work: SharedWork): PartitionedStage => {
    const stage = createPartitionedStage(work.name, (partitions) => work.start(partitions, assignment, membership), deps.log)
    const assignment = assignPartitions({ ...deps, workload: workloadOf(work), stage, partitionCount: work.partitions })
    started.defer(() => assignment.stop())
    const { logSeqNeeded } = work
    if (logSeqNeeded !== undefined) {
      membership.reportShare(workloadOf(work), () => ({
        partitions: [...stage.partitions], position: stage.status().position, logSeq: logSeqNeeded(),
      }))
    }
    return stage
  }
}

export async function startOwn(work: OwnWork, started: AsyncDisposableStack): Promise<Stage> {
  const stage = await work.start(started)
  started.defer(() => stage.stop())
  return stage
}
