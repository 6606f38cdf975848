import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { StreamPosition } from '../jetstream/position-history.ts'
import { typedKey } from '../jetstream/typed-kv.ts'
import type { IndexReader } from '../search/vector-store.ts'

const canariesSchema = z.array(z.object({ seq: z.int().positive(), id: z.string() }))
type Canary = z.infer<typeof canariesSchema>[number]

/**
 * Points that were written to a vector store and must still be there. They detect a store that was emptied, or restored to an older state.
 * The indexer's checkpoint cannot, because it is stored elsewhere.
 */
export interface Canaries {
  /** Drops from a history, newest first, the positions after the newest canary that the store still has. */
  verifiedHistory(history: readonly StreamPosition[]): Promise<readonly StreamPosition[]>
  /** Whether the store still has the newest canary that this process knows of; true without one. */
  areStored(): Promise<boolean>
  /** Chooses canaries among points. Call it when the store has the points, before the checkpoint covers them. */
  record(points: readonly Canary[]): Promise<void>
  /** Drops the canaries of records after a LOG sequence, whose points were removed. */
  rollbackTo(seq: number): Promise<void>
}

/**
 * The distances of canaries from the newest one are powers of this factor. A dozen canaries therefore reach back over a log of any length.
 */
const GROWTH = 8

export interface CanariesDeps {
  readonly kv: KV
  /** Name of the reader of LOG that fills the store; part of the key in the bucket. */
  readonly reader: string
  readonly store: Pick<IndexReader, 'existing'>
  readonly log: Logger
}

/** Creates the canaries of one reader and its store. They are kept in the cluster's bucket. */
export function createCanaries({ kv, reader, store, log }: CanariesDeps): Canaries {
  const stored = typedKey<readonly Canary[]>(kv, `${reader}.proofs`, canariesSchema)
  let known: readonly Canary[] | undefined
  const load = async (): Promise<readonly Canary[]> => (await stored.get())?.value ?? []
  const save = async (canaries: readonly Canary[]): Promise<void> => {
    await stored.put(canaries)
    known = canaries
  }
  return {
    async verifiedHistory(history) {
      const canaries = await load()
      known = canaries
      if (canaries.length === 0) return history
      const existing = await store.existing(canaries.map(({ id }) => id))
      const newest = canaries.find(({ id }) => existing.has(id))
      if (newest === canaries[0]) return history
      const goesOnAt = newest?.seq ?? 0
      log.error(
        { had: canaries[0]?.seq, goesOnAt },
        'the vector store lacks points that were written to it: it was emptied or restored to an older state; refilling it from LOG',
      )
      await save(canaries.filter(({ seq }) => seq <= goesOnAt))
      return history.filter(({ seq }) => seq <= goesOnAt)
    },
    async areStored() {
      const [newest] = known ?? (await load())
      return newest === undefined || (await store.existing([newest.id])).size > 0
    },
    async record(points) {
      const [first, ...others] = points
      if (first === undefined) return
      const last = others.reduce((newest, point) => (point.seq >= newest.seq ? point : newest), first)
      const older = (known ?? (await load())).filter(({ seq }) => seq < last.seq)
      // Keeps the oldest canary of each class of distances, so that it moves into the next class as the log grows.
      const oldest = new Map(older.map((canary) => [Math.ceil(Math.log(last.seq - canary.seq) / Math.log(GROWTH)), canary]))
      await save([{ seq: last.seq, id: last.id }, ...oldest.values()])
    },
    async rollbackTo(seq) {
      await save((known ?? (await load())).filter((canary) => canary.seq <= seq))
    },
  }
}
