import { hash } from 'node:crypto'
import type { JetStreamContext } from '../../jetstream/connection.ts'
import { openObjectBucket } from '../../jetstream/object-bucket.ts'
import { TRAINER_VERSION } from '../intents/model-file.ts'
import type { SetName } from '../taught/taught-set.ts'

/** The object store of JetStream that holds trained sets. It can be lost: the trainer makes them again from LOG. */
export const TRAINED_BUCKET = 'INTENTS'
/** Metadata of all objects; a message there says that one was stored or removed. */
export const TRAINED_CHANGES = `$O.${TRAINED_BUCKET}.M.>`

/** What a trained set was made of. */
export interface TrainedFrom extends SetName {
  readonly version: number
  /** LOG sequence of the record with this version: a log that was cut gives versions out again. */
  readonly seq: number
  /** Fingerprint of the embedding model whose vectors it was trained with; `null` without. */
  readonly vectors: string | null
}

/** Trained sets, as objects whose names are hashes of what they were made of. */
export interface TrainedModels {
  has(from: TrainedFrom): Promise<boolean>
  /** `undefined` where it is not there. The reader of the bytes checks that they are whole. */
  load(from: TrainedFrom): Promise<Uint8Array | undefined>
  save(from: TrainedFrom, bytes: Uint8Array): Promise<void>
  remove(from: TrainedFrom): Promise<void>
  /** The trained versions of a set that this trainer made with these vectors, newest first. */
  versionsOf(set: SetName, vectors: string | null): Promise<TrainedFrom[]>
  /** Removes all trained versions of a set but the newest ones for each of some embedding models; `null` is none. */
  prune(set: SetName, keep: number, vectors: readonly (string | null)[]): Promise<void>
}

/** The name of a trained set: a hash of what it was made of. */
export const trainedName = ({ tenant, set, version, seq, vectors }: TrainedFrom): string =>
  hash('sha256', JSON.stringify([tenant, set, version, seq, TRAINER_VERSION, vectors])).slice(0, 32)

/** Opens the store, and creates it where it is missing. */
export async function openTrainedModels(jetstream: Pick<JetStreamContext, 'js' | 'jsm'>, replicas: number): Promise<TrainedModels> {
  const bucket = await openObjectBucket(jetstream, TRAINED_BUCKET, { replicas, description: 'trained sets of intents' })
  const stored = async ({ tenant, set }: SetName): Promise<{ name: string; trainer: number; from: TrainedFrom }[]> => {
    const found = (await bucket.list()).flatMap(({ name, metadata }) => {
      if (metadata['tenant'] !== tenant || metadata['set'] !== set) return []
      const from = {
        tenant,
        set,
        version: Number(metadata['version']),
        seq: Number(metadata['seq']),
        vectors: metadata['vectors'] === '' ? null : (metadata['vectors'] ?? null),
      }
      return [{ name, trainer: Number(metadata['trainer']), from }]
    })
    return found.sort((one, other) => other.from.seq - one.from.seq)
  }
  return {
    has: async (from) => (await bucket.find(trainedName(from))) !== undefined,
    load: (from) => bucket.load(trainedName(from)),
    async save(from, bytes) {
      const { tenant, set, version, seq, vectors } = from
      const numbers = { version: String(version), seq: String(seq), trainer: String(TRAINER_VERSION) }
      await bucket.save(trainedName(from), { tenant, set, ...numbers, vectors: vectors ?? '' }, bytes)
    },
    remove: (from) => bucket.remove(trainedName(from)),
    versionsOf: async (set, vectors) =>
      (await stored(set)).filter(({ trainer, from }) => trainer === TRAINER_VERSION && from.vectors === vectors).map(({ from }) => from),
    async prune(set, keep, vectors) {
      const all = await stored(set)
      const kept = new Set(vectors.flatMap((one) => all.filter(({ from }) => from.vectors === one).slice(0, keep)))
      for (const one of all) if (!kept.has(one)) await bucket.remove(one.name)
    },
  }
}
