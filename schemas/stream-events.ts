import { z } from 'zod'
import { LIMITS } from './limits.ts'
import { TOKEN } from './subjects.ts'

/**
 * Ids of streamed events: LOG sequence × 1,024 + index, one integer. The index of an emitted event is its `idx` in the tables: 1, 2, 3… in
 * its record.
 */
const INDEXES = 1_024
/** The index of an id that names no event: everything up to its sequence was sent, or is gone. */
export const ALL_OF_SEQ = INDEXES - 1
// A record has at most as many events, so that no index is taken for another record's.
if (LIMITS.effectsMax >= ALL_OF_SEQ) throw new Error('LIMITS.effectsMax does not fit into the id of a streamed event')

/** A place in a stream of events. */
export interface StreamPlace {
  /** LOG sequence; 0 is before the first record. */
  readonly seq: number
  readonly index: number
}

export const eventIdOf = ({ seq, index }: StreamPlace): number => seq * INDEXES + index
export const placeOf = (id: number): StreamPlace => ({ seq: Math.floor(id / INDEXES), index: id % INDEXES })

/** An id in text, as in `Last-Event-ID` and `?after=`. 0 is before the first event. */
export const eventIdSchema = z
  .string()
  .regex(/^(0|[1-9]\d{0,15})$/, 'must be an id of this stream, a whole number')
  .transform(Number)
  .refine((id) => Number.isSafeInteger(id), 'must be an id of this stream')

/**
 * `event: gap`: LOG has no records of the actor between two sequences any more, both inclusive, or cannot tell. `trimmed`: removed from its
 * beginning. `lost`: missing inside. `truncated`: LOG lost its end. `unknown_id`: another actor's record is where the client's last id
 * points to, as after a truncation.
 */
export interface Gap {
  readonly from: number
  readonly to: number
  readonly reason: 'trimmed' | 'lost' | 'truncated' | 'unknown_id'
}

/** Why the server ends a stream. `busy`: too many resume at once. */
export const CLOSE_REASONS = ['slow', 'busy'] as const
/** `event: closed`: the server ends this stream. `retryMs`: when the client should resume it. */
export interface Closed {
  readonly reason: (typeof CLOSE_REASONS)[number]
  readonly retryMs: number
}

const token = z.string().regex(TOKEN)
const actor = { tenant: token, kind: token, id: token }
/** Given back with each answer to a request, so that a client knows which one is answered. */
const ref = z.union([z.string().max(128), z.int()]).optional()

/** Types of events that a stream is to have, separated by commas. Default: all. */
export const eventTypesSchema = z
  .string()
  .max(2_048)
  .regex(/^[A-Za-z0-9_.-]+(,[A-Za-z0-9_.-]+)*$/, 'must be types of events, separated by commas')
  .transform((text) => new Set(text.split(',')))

/** A frame of a client on `/v1/ws`: JSON with exactly one request. */
export const clientFrameSchema = z.union([
  z.strictObject({
    subscribe: z.strictObject({ ...actor, after: z.int().nonnegative().optional(), types: eventTypesSchema.optional() }),
    ref,
  }),
  z.strictObject({ unsubscribe: z.strictObject(actor), ref }),
  z.strictObject({
    publish: z.strictObject({
      ...actor,
      input: z.record(z.string(), z.unknown()),
      wait: z.enum(['actor', 'out', 'tables']).optional(),
      timeoutMs: z.int().min(1).max(60_000).optional(),
    }),
    ref,
  }),
  z.strictObject({ token: z.string().max(4_096), ref }),
])
/** The `ref` of a frame, also of one that is otherwise wrong. */
export const frameRefSchema = z.object({ ref })
export type ClientFrame = z.output<typeof clientFrameSchema>
