import type { KV } from '@nats-io/kv'
import { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import { type StreamPosition, streamPositionSchema } from './position-history.ts'
import { typedKey } from './typed-kv.ts'

const historySchema = z.array(streamPositionSchema)

/** Where a reader of LOG stands, by partition, in a key-value bucket of the cluster. */
export interface Checkpoints {
  /** For readers that may start at the beginning of the log without a checkpoint. */
  find(partition: number): Promise<readonly StreamPosition[] | undefined>
  /** @throws ColloquyError `no_checkpoint` where there is none: reading from the start would repeat every effect there ever was. */
  load(partition: number): Promise<readonly StreamPosition[]>
  save(partition: number, history: readonly StreamPosition[]): Promise<void>
}

export function createCheckpoints(kv: KV, reader: string): Checkpoints {
  const keyOf = (partition: number): string => `${reader}.${partition}`
  const stored = (partition: number) => typedKey<readonly StreamPosition[]>(kv, keyOf(partition), historySchema)
  const find: Checkpoints['find'] = async (partition) => (await stored(partition).get())?.value
  return {
    find,
    async load(partition) {
      const history = await find(partition)
      if (history === undefined) {
        throw new ColloquyError(
          'no_checkpoint',
          `${reader} has no checkpoint for partition ${partition} though LOG exists; `
            + `restore its key "${keyOf(partition)}" from a backup of the bucket`,
        )
      }
      return history
    },
    save: (partition, history) => stored(partition).put(history),
  }
}
