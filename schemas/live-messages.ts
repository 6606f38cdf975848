import { z } from 'zod'
import { roleSchema } from './events.ts'

/** UTF-16 units of one piece. */
export const LIVE_TEXT_CHARS_MAX = 4_096

const attempt = {
  run: z.string().max(256).meta({ description: 'The run of the task that writes the reply' }),
  attempt: z
    .int()
    .positive()
    .meta({
      description: 'Rises with each reset and each repetition of the task; one that is higher ends the one before, also without a reset',
    }),
}

/** A piece of a reply while it is written. Provisional: only `message.sent` is the reply. */
export const liveDelta = z.object({
  event: z.literal('delta'),
  ...attempt,
  index: z.int().nonnegative().meta({ description: 'From 0 in each attempt, without gaps: a reader that misses one has lost a piece' }),
  text: z.string().max(LIVE_TEXT_CHARS_MAX),
})

/** What was written so far does not count: the next attempt, or a reply of another kind, follows. */
export const liveReset = z.object({ event: z.literal('reset'), ...attempt, reason: z.string().max(128) })

/** The place of a run that waits in the queue of its task, told at most once a second. */
export const livePlace = z.object({
  event: z.literal('place'),
  task: z.string().max(128),
  queuePlace: z.int().nonnegative().meta({ description: '1: the next one that starts; 0: it has started' }),
  expectedMs: z
    .int()
    .nonnegative()
    .nullable()
    .meta({
      description: 'Milliseconds from now until it is expected to end, by service times measured lately; null where none was measured',
    }),
})

/** UTF-16 units of the name of one who writes. */
const WHO_CHARS_MAX = 64

/** Somebody is writing a message. LOG does not have it, and it ends by itself. */
export const liveTyping = z.object({
  event: z.literal('typing'),
  who: z.string().trim().min(1).max(WHO_CHARS_MAX).meta({ description: 'A name for people' }),
  role: roleSchema.extract(['user', 'agent']).meta({ description: 'A customer, or a person of the company' }),
  forMs: z.int().positive().meta({ description: 'Milliseconds from now until it is over, unless it is told again' }),
})

/** What is told of a reply while it is written. */
export const livePieceSchema = z.discriminatedUnion('event', [liveDelta, liveReset])
export type LivePiece = z.output<typeof livePieceSchema>

/** A message on `live.<tenant>.<kind>.<id>`, core NATS, which nothing keeps. */
export const liveMessageSchema = z.discriminatedUnion('event', [liveDelta, liveReset, livePlace, liveTyping])
export type LiveMessage = z.output<typeof liveMessageSchema>
