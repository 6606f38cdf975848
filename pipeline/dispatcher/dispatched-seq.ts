import type { Checkpoints } from '../jetstream/checkpoints.ts'
import type { Stage } from '../runtime/stage.ts'
import { positionOfPartition } from '../runtime/stage-progress.ts'

/**
 * LOG sequence up to which the effects of a partition are carried out. The dispatcher of this process knows it if it owns the partition;
 * otherwise it comes from the partition's checkpoint.
 */
export async function dispatchedSeq(dispatcher: Stage | undefined, checkpoints: Checkpoints, partition: number): Promise<number> {
  return positionOfPartition(dispatcher === undefined ? [] : [dispatcher.status()], partition) ?? storedSeq(checkpoints, partition)
}

/** LOG sequence up to which the effects of all partitions are carried out, according to their checkpoints. */
export async function dispatchedSeqOfAll(checkpoints: Checkpoints, partitionCount: number): Promise<number> {
  return Math.min(...(await Promise.all(Array.from({ length: partitionCount }, (_, partition) => storedSeq(checkpoints, partition)))))
}

async function storedSeq(checkpoints: Checkpoints, partition: number): Promise<number> {
  const [newest] = await checkpoints.load(partition)
  return newest?.seq ?? 0
}
