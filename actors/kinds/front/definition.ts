import { z } from 'zod'
import { actSchema } from '../../../schemas/dialogue-acts.ts'
import { caseClosed, messageReceived, replyCancel, roleSchema } from '../../../schemas/events.ts'
import { TOKEN } from '../../../schemas/subjects.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { defineTask } from '../../definition/task-definition.ts'

/** Messages that may wait while one is understood. One more is refused in words. */
export const WAITING_MAX = 16
/** Bytes of JSON of all messages that wait, the one being understood included. A message beyond it is refused in words. */
export const WAITING_BYTES_MAX = 40 * 1024
/** Turns that are kept for the understanding of the next message, and UTF-16 units of each. */
export const TURNS_MAX = 6
export const TURN_CHARS_MAX = 500
/** Messages on their way that are remembered, so that the reply to one can be given up. */
export const PASSED_MAX = 16
/** UTF-16 units of a message that are understood. */
export const UNDERSTOOD_CHARS_MAX = 4_000

/** Fields of a message that Colloquy does not know go on, too. */
const passedMessage = messageReceived.loose()
const kindName = z.string().regex(TOKEN)
const turnSchema = z.object({ role: roleSchema, text: z.string().max(TURN_CHARS_MAX) })

const contextSchema = z.object({
  /** Its own id, which is that of its targets. */
  id: z.string(),
  /** Kind to which messages go until its case closes; `null` before the first and after a case. */
  target: kindName.nullable(),
  /** Messages that have not gone on, in order; the first one is being understood. */
  waiting: z.array(z.object({ id: z.string(), data: passedMessage })).max(WAITING_MAX + 1),
  turns: z.array(turnSchema).max(TURNS_MAX),
  /** Messages that went on and have no reply yet, oldest first. */
  unanswered: z.array(z.object({ no: z.int(), id: z.string(), to: kindName })).max(PASSED_MAX),
  /** Messages so far: that went on, that were refused, and whose understanding failed. */
  passed: z.int().nonnegative(),
  refused: z.int().nonnegative(),
  failed: z.int().nonnegative(),
})
export type FrontContext = z.infer<typeof contextSchema>

/** What the record of a message keeps of its understanding. */
const understoodSchema = z.object({
  act: z.object({ name: actSchema, confidence: z.number() }),
  intents: z.array(z.object({ name: z.string(), confidence: z.number() })),
  outOfScope: z.boolean(),
  topic: z.string().nullable(),
  route: kindName.nullable(),
  lang: z.string().nullable(),
  version: z.string(),
})
export type FrontUnderstood = z.infer<typeof understoodSchema>

/** A target may emit any data as `message.sent`. */
const passedReply = z.looseObject({}).meta({ description: 'A reply of the target, as it emitted it' })

/** The kind `front` without its machine. */
export const defineFront = (name: string) =>
  defineKind({
    name,
    version: 2,
    context: contextSchema,
    events: {
      'message.received': passedMessage,
      'message.sent': passedReply,
      'case.closed': caseClosed.loose(),
      'reply.cancel': replyCancel,
    },
    // Of what it follows.
    sentBy: { 'message.sent': '*', 'case.closed': '*' },
    // Version 1 could not give up a reply, and remembered no message that had gone on.
    migrate: { 1: ({ value, context }) => ({ value, context: contextSchema.parse({ ...context, unanswered: [] }) }) },
    emits: {
      'message.sent': z.looseObject({}).meta({ description: 'A reply of the target, or the refusal of a message' }),
      'case.closed': caseClosed.loose(),
    },
    tasks: {
      understand: defineTask({
        input: z.object({ text: z.string().max(UNDERSTOOD_CHARS_MAX), history: z.array(turnSchema).max(TURNS_MAX) }),
        output: understoodSchema,
        deadlineMs: 30_000,
        attemptsMax: 3,
        concurrencyMax: 64,
        run: async ({ input, understand }) => {
          const found = await understand(input)
          return { ...found, intents: [...found.intents], route: found.route ?? null }
        },
      }),
    },
    label: ({ target, passed, refused, failed }) => ({ conversation: false, target, passed, refused, failed }),
  })
