import type { Logger } from 'pino'
import { type Stage, type StageRun, type StageStatus, startStage } from './stage.ts'
import { combineProgress, NOTHING_DONE } from './stage-progress.ts'

/** A run over some partitions that can release them one by one. */
export interface PartitionRun extends StageRun {
  /** Takes nothing more of these partitions and settles when nothing of them is in flight. Another member may own them already. */
  release(partitions: readonly number[]): Promise<void>
}

/** A stage whose partitions change while it runs. */
export interface PartitionedStage extends Stage {
  readonly partitions: ReadonlySet<number>
  /** Starts work on more partitions. @throws what the start threw; the stage then has none of them */
  assign(partitions: readonly number[]): Promise<void>
  /** Settles when nothing of these is in flight. The other partitions keep running. */
  release(partitions: readonly number[]): Promise<void>
}

interface Group {
  readonly partitions: Set<number>
  readonly stage: Stage
  /** The current run: a failed one is replaced. */
  readonly run: () => PartitionRun | undefined
}

/** Partitions assigned at different times have separate runs; beyond this number of runs they are merged into one. */
const GROUPS_MAX = 4

/**
 * Creates a stage that starts a run for each set of partitions it is assigned. A failed run restarts with the partitions it still has.
 */
export function createPartitionedStage(
  name: string,
  start: (partitions: readonly number[]) => Promise<PartitionRun>,
  log: Logger,
): PartitionedStage {
  let groups: Group[] = []
  const owned = new Set<number>()
  let since = new Date().toISOString()

  const startGroup = async (partitions: Set<number>): Promise<Group> => {
    let run: PartitionRun | undefined
    const startRun = async (): Promise<StageRun> => {
      const wanted = [...partitions]
      // All may have been released while a failed run waited for its restart.
      const started = wanted.length === 0 ? await singlePartition(backgroundRun({ stop: () => undefined })) : await start(wanted)
      run = started
      // Some may have been released while the run started.
      const gone = wanted.filter((partition) => !partitions.has(partition))
      if (gone.length > 0) await started.release(gone)
      return started
    }
    return { partitions, stage: await startStage(name, startRun, log), run: () => run }
  }
  const stopAll = async (): Promise<void> => {
    const all = groups
    groups = []
    await Promise.all(all.map(({ stage }) => stage.stop()))
  }

  return {
    name,
    partitions: owned,
    async assign(partitions) {
      const fresh = new Set(partitions)
      if (groups.length >= GROUPS_MAX) {
        for (const group of groups) for (const partition of group.partitions) fresh.add(partition)
        await stopAll()
      }
      try {
        groups.push(await startGroup(fresh))
        for (const partition of fresh) owned.add(partition)
      } catch (error) {
        // Includes merged partitions: their owner sees that `partitions` lacks them and releases their leases.
        for (const partition of fresh) owned.delete(partition)
        throw error
      }
    },
    async release(partitions) {
      for (const partition of partitions) owned.delete(partition)
      await Promise.all(
        groups.map(async (group) => {
          const gone = partitions.filter((partition) => group.partitions.delete(partition))
          if (gone.length === 0) return
          if (group.partitions.size > 0) return group.run()?.release(gone)
          groups = groups.filter((other) => other !== group)
          await group.stage.stop()
        }),
      )
      since = new Date().toISOString()
    },
    status: () =>
      statusOf(
        groups.map(({ stage }) => stage.status()),
        owned,
        since,
      ),
    stop: stopAll,
  }
}

/** A run with a single partition: releasing it stops the run. */
export async function singlePartition(started: Promise<StageRun>): Promise<PartitionRun> {
  const run = await started
  return { ...run, release: run.stop }
}

/** A run without a position that continues until it is stopped. */
export async function backgroundRun(work: { stop(): void | Promise<void> }): Promise<StageRun> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  return {
    ended,
    progress: () => NOTHING_DONE,
    async stop() {
      await work.stop()
      end()
    },
  }
}

function statusOf(statuses: readonly StageStatus[], owned: ReadonlySet<number>, since: string): StageStatus {
  const partitions = [...owned]
  const [first, ...others] = statuses
  if (first === undefined) return { ...NOTHING_DONE, ok: true, since, detail: 'standby: other members have all partitions', partitions }
  const bad = statuses.find(({ ok }) => !ok)
  return {
    ...combineProgress(statuses),
    ok: bad === undefined,
    since: others.reduce((latest, { since: at }) => (at > latest ? at : latest), first.since),
    detail: bad?.detail ?? first.detail,
    partitions,
  }
}
