import { hash } from 'node:crypto'
import { z } from 'zod'
import { ColloquyError } from '../../../schemas/errors.ts'
import { calibrationSchema } from './calibration.ts'
import type { TermHeads, VectorHeads } from './packed-heads.ts'

/** A change of the trainer or of the reader that changes a decision is a new version. */
export const TRAINER_VERSION = 1
/** Bytes of a trained set, in a file and about as many in memory. */
export const MODEL_BYTES_MAX = 32 * 1024 * 1024

const MAGIC = 'CQINTENT'
const HASH_BYTES = 32
const PREFIX_BYTES = MAGIC.length + HASH_BYTES + 8
const ALIGNMENT = 8

const headerSchema = z.object({
  intents: z.array(z.string()).min(1),
  /** One example of each intent that the others are closest to. */
  near: z.array(z.string()),
  /** Whether a last head knows what is out of scope. */
  hasOutside: z.boolean(),
  unknownRarity: z.number(),
  terms: calibrationSchema,
  both: calibrationSchema.optional(),
  lengths: z.array(z.number().int().nonnegative()).length(11),
})

/** A trained set, as the classifier reads it. */
export interface IntentModel extends Omit<z.infer<typeof headerSchema>, 'lengths'> {
  /** Hashes of the terms, ascending: one a column of `termHeads`. */
  readonly hashes: Uint32Array
  readonly rarity: Float32Array
  readonly termHeads: TermHeads
  /** Mean vector of the examples; empty without vectors. */
  readonly mean: Float32Array
  readonly vectorHeads: VectorHeads
}

/**
 * The bytes of a set: `CQINTENT`, the SHA-256 of all that follows, the trainer's version and the length of the header (32 bits each, little
 * endian), the header in JSON, then the arrays, each from a multiple of 8 bytes.
 */
export function encodeModel(model: IntentModel): Uint8Array {
  const { hashes, rarity, termHeads, mean, vectorHeads, ...rest } = model
  const arrays = [hashes, rarity, ...arraysOf(termHeads), mean, vectorHeads.weights, vectorHeads.scales, vectorHeads.biases]
  const header = Buffer.from(JSON.stringify({ ...rest, lengths: arrays.map(({ length }) => length) }))
  let size = aligned(PREFIX_BYTES + header.length)
  const places = arrays.map((array) => {
    const place = size
    size = aligned(size + array.byteLength)
    return place
  })
  const bytes = Buffer.alloc(size)
  bytes.write(MAGIC, 'latin1')
  bytes.writeUInt32LE(TRAINER_VERSION, MAGIC.length + HASH_BYTES)
  bytes.writeUInt32LE(header.length, MAGIC.length + HASH_BYTES + 4)
  header.copy(bytes, PREFIX_BYTES)
  for (const [index, array] of arrays.entries()) bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), places[index])
  bytes.set(hash('sha256', bytes.subarray(MAGIC.length + HASH_BYTES), 'buffer'), MAGIC.length)
  return bytes
}

const arraysOf = ({ starts, heads, weights, scales, biases }: TermHeads) => [starts, heads, weights, scales, biases] as const
const aligned = (place: number): number => Math.ceil(place / ALIGNMENT) * ALIGNMENT

/**
 * Reads a set.
 *
 * @throws ColloquyError `model_torn` if a byte is missing, added or changed; `model_of_other_version` if another trainer made it.
 */
export function decodeModel(bytes: Uint8Array): IntentModel {
  const torn = (why: string): ColloquyError =>
    new ColloquyError('model_torn', `the trained model is not whole (${why}): train the intents again, or restore the object`)
  if (bytes.length < PREFIX_BYTES || bytes.length > MODEL_BYTES_MAX) throw torn(`${bytes.length} bytes`)
  // A copy that begins at a multiple of 8 bytes, so that the arrays can be views of it.
  const copy = Buffer.from(new Uint8Array(bytes).buffer)
  if (copy.toString('latin1', 0, MAGIC.length) !== MAGIC) throw torn('it does not begin as one')
  const expected = copy.subarray(MAGIC.length, MAGIC.length + HASH_BYTES)
  if (!hash('sha256', copy.subarray(MAGIC.length + HASH_BYTES), 'buffer').equals(expected)) throw torn('its SHA-256 is another')
  const version = copy.readUInt32LE(MAGIC.length + HASH_BYTES)
  if (version !== TRAINER_VERSION) {
    throw new ColloquyError(
      'model_of_other_version',
      `the model is of trainer ${version}, this process reads ${TRAINER_VERSION}: train again`,
    )
  }
  const headerEnd = PREFIX_BYTES + copy.readUInt32LE(MAGIC.length + HASH_BYTES + 4)
  const { lengths, ...header } = headerSchema.parse(JSON.parse(copy.toString('utf8', PREFIX_BYTES, headerEnd)))
  let place = aligned(headerEnd)
  let next = 0
  const take = <T>(create: (buffer: ArrayBufferLike, offset: number, length: number) => T, width: number): T => {
    const length = lengths[next++] ?? 0
    const array = create(copy.buffer, place, length)
    place = aligned(place + length * width)
    return array
  }
  const uint32 = (): Uint32Array => take((...at) => new Uint32Array(...at), 4)
  const float32 = (): Float32Array => take((...at) => new Float32Array(...at), 4)
  return {
    ...header,
    hashes: uint32(),
    rarity: float32(),
    termHeads: {
      starts: uint32(),
      heads: take((...at) => new Uint16Array(...at), 2),
      weights: take((...at) => new Int8Array(...at), 1),
      scales: float32(),
      biases: float32(),
    },
    mean: float32(),
    vectorHeads: { weights: take((...at) => new Int16Array(...at), 2), scales: float32(), biases: float32() },
  }
}
