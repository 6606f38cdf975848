import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { IndexPoint, IndexWriter } from '../search/vector-store.ts'
import type { StreamPosition } from '../jetstream/position-history.ts'
import { typedKey } from '../jetstream/typed-kv.ts'

const proofsSchema = z.array(z.object({ seq: z.int().positive(), id: z.string() }))
type Proof = z.infer<typeof proofsSchema>[number]

/**
 * Points that a store was given and must still have. The checkpoint of who fills it is kept elsewhere, and says nothing of a store that was
 * emptied, or put back to an older state.
 */
export interface Canaries {
  /** The part of a history that still holds: the positions up to the newest proof that the store has. */
  trusted(history: readonly StreamPosition[]): Promise<readonly StreamPosition[]>
  /** To be called when points are stored, before the checkpoint says so. */
  note(points: readonly IndexPoint[]): Promise<void>
  /** Points from records above this were removed. */
  forgetAbove(seq: number): Promise<void>
}

/** Distances are told apart by powers of this: a dozen proofs reach back over a log of any length. */
const GROWTH = 8

export function createCanaries({ kv, reader, store, log }: { readonly kv: KV; readonly reader: string; readonly store: IndexWriter; readonly log: Logger }): Canaries {
  const stored = typedKey<readonly Proof[]>(kv, `${reader}.proofs`, proofsSchema)
  let known: readonly Proof[] | undefined
  const load = async (): Promise<readonly Proof[]> => (await stored.get())?.value ?? []
  const save = async (proofs: readonly Proof[]): Promise<void> => {
    await stored.put(proofs)
    known = proofs
  }
  return {
    async trusted(history) {
      const proofs = await load()
      known = proofs
      if (proofs.length === 0) return history
      const there = await store.existing(proofs.map(({ id }) => id))
      const newest = proofs.find(({ id }) => there.has(id))
      if (newest === proofs[0]) return history
      const goesOnAt = newest?.seq ?? 0
      log.error({ had: proofs[0]?.seq, goesOnAt }, 'the memory lacks what it was given: it was emptied, or put back to an older state; it is filled again from LOG')
      await save(proofs.filter(({ seq }) => seq <= goesOnAt))
      return history.filter(({ seq }) => seq <= goesOnAt)
    },
    async note(points) {
      const last = points.at(-1)
      if (last === undefined) return
      const older = (known ?? await load()).filter(({ seq }) => seq < last.seq)
      // Of each class of distances the oldest is kept, so that it grows into the next one.
      const oldest = new Map(older.map((proof) => [Math.ceil(Math.log(last.seq - proof.seq) / Math.log(GROWTH)), proof]))
      await save([{ seq: last.seq, id: last.id }, ...oldest.values()])
    },
    async forgetAbove(seq) {
      await save((known ?? await load()).filter((proof) => proof.seq <= seq))
    },
  }
}
