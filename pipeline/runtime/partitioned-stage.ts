import type { Logger } from 'pino'
import { type Stage, type StageRun, type StageStatus, startStage } from './stage.ts'
import { combineProgress, NOTHING_DONE } from './stage-progress.ts'

/** A run over some partitions that can let go of them one by one. */
export interface PartitionRun extends StageRun {
  /** Takes nothing more of these, and settles once what is under way of them is done. They may be another's by then. */
  release(partitions: readonly number[]): Promise<void>
}

/** A stage whose partitions come and go while it runs. */
export interface PartitionedStage extends Stage {
  readonly partitions: ReadonlySet<number>
  /** Begins to work on these beside what it has. @throws what hinders it from beginning; then it has none of them */
  assign(partitions: readonly number[]): Promise<void>
  /** Settles once nothing of these is under way. The others go on. */
  release(partitions: readonly number[]): Promise<void>
}

interface Group {
  readonly partitions: Set<number>
  readonly stage: Stage
  /** The present one; a run that failed is followed by another. */
  readonly run: () => PartitionRun | undefined
}

/** Partitions that came at different times are read by runs of their own; more runs than this are made one. */
const GROUPS_MAX = 4

/**
 * A stage that begins a run for each set of partitions it is assigned. A run that fails is begun anew with those it still has.
 */
export function createPartitionedStage(
  name: string,
  begin: (partitions: readonly number[]) => Promise<PartitionRun>,
  log: Logger,
): PartitionedStage {
  let groups: Group[] = []
  const owned = new Set<number>()
  let since = new Date().toISOString()

  const startGroup = async (partitions: Set<number>): Promise<Group> => {
    let run: PartitionRun | undefined
    const beginGroup = async (): Promise<StageRun> => {
      const wanted = [...partitions]
      // All may have been released while a failed run waited to be begun anew.
      const begun = wanted.length === 0 ? await singlePartition(backgroundRun({ stop: () => undefined })) : await begin(wanted)
      run = begun
      // Some may have been released while the run began.
      const gone = wanted.filter((partition) => !partitions.has(partition))
      if (gone.length > 0) await begun.release(gone)
      return begun
    }
    return { partitions, stage: await startStage(name, beginGroup, log), run: () => run }
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
        // With those that were joined to it; whoever owns them sees that they are not worked on.
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

/** The run of a work that has one partition only: to release it is to stop. */
export async function singlePartition(begun: Promise<StageRun>): Promise<PartitionRun> {
  const run = await begun
  return { ...run, release: run.stop }
}

/** The run of a work that has no position of its own and goes on until it is stopped. */
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
  if (first === undefined) return { ...NOTHING_DONE, ok: true, since, detail: 'stands by: other members have all partitions', partitions }
  const bad = statuses.find(({ ok }) => !ok)
  return {
    ...combineProgress(statuses),
    ok: bad === undefined,
    since: others.reduce((latest, { since: at }) => (at > latest ? at : latest), first.since),
    detail: bad?.detail ?? first.detail,
    partitions,
  }
}
