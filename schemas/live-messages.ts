import { z } from 'zod'

/** UTF-16 units of one piece. */
export const LIVE_TEXT_CHARS_MAX = 4_096

const attempt = {
  /** The run of the task that writes the reply. */
  run: z.string().max(256),
  /** From 1; a fall-back to another model and a repetition of the task are attempts, too. */
  attempt: z.int().positive(),
}

/** A piece of a reply while it is written. Provisional: only `message.sent` is the reply. */
const liveDelta = z.object({
  event: z.literal('delta'),
  ...attempt,
  /** From 0 in each attempt, without gaps: a reader that misses one has lost a piece. */
  index: z.int().nonnegative(),
  text: z.string().max(LIVE_TEXT_CHARS_MAX),
})

/** What was written so far does not count: the next attempt, or a reply of another kind, follows. */
const liveReset = z.object({ event: z.literal('reset'), ...attempt, reason: z.string().max(128) })

/** A message on `live.<tenant>.<kind>.<id>`, core NATS, which nothing keeps. */
export const liveMessageSchema = z.discriminatedUnion('event', [liveDelta, liveReset])
export type LiveMessage = z.output<typeof liveMessageSchema>
