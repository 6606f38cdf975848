import { z } from 'zod'

/**
 * The event types that the conversation tables know. Any kind may accept or emit them, besides its own.
 *
 * The columns that each event fills (`event-readers.ts` reads them; times and counts come from the record):
 *
 * | event | columns |
 * |---|---|
 * | `message.received` | messages; `customer`, `channel`, `lang` → cases; of a user: a row of turns; of an agent or another assistant: answers open turns |
 * | `message.sent` | messages; `replyTo` → the turn it answers; `intent`, `hits`, `model`… → turns; `tokensIn`, `tokensOut`, `cost` → turns, cases |
 * |  | `sources` → citations; `quality` → turns, conversations |
 * | `escalated` | cases: `escalation_reason`, `escalated_at`, `escalations` |
 * | `case.closed` | cases: `outcome`, `closed_at`, `drop_state` |
 * | `feedback.given` | cases: `rating` |
 *
 * A kind may state the same by its label: `intent`, `confidence` → turns, `first_intent`; `customer`, `channel`, `lang`, `rating` → cases;
 * `intent`, `quality` → conversations.
 */
export const roleSchema = z.enum(['user', 'assistant', 'agent', 'system'])
export type Role = z.infer<typeof roleSchema>

export const messageReceived = z.object({
  role: roleSchema.meta({ description: 'Who speaks' }),
  text: z.string().meta({ description: 'What was said' }),
  lang: z.string().max(35).optional().meta({ description: 'BCP 47; detected where it is absent' }),
  customer: z.union([z.string().min(1).max(256), z.int()]).optional()
    .meta({ description: 'Who the customer is, over all conversations' }),
  channel: z.string().min(1).max(64).optional()
    .meta({ description: 'Where it was written, such as web or phone; the source of the event where it is absent' }),
})

export const messageSent = z.object({
  text: z.string(),
  replyTo: z.string().optional().meta({ description: 'The id of the input that this answers' }),
  lang: z.string().max(35).optional(),
  intent: z.string().optional().meta({ description: 'What the message wants that this answers; else as the label has it' }),
  intentConfidence: z.number().min(0).max(1).optional(),
  hits: z.int().nonnegative().optional()
    .meta({ description: 'Sources found for the question, 0 where nothing fit; absent where nobody looked' }),
  model: z.string().optional(),
  modelVersion: z.string().optional(),
  promptVersion: z.string().optional().meta({ description: 'Version of the instructions that the model had' }),
  kbVersion: z.string().optional().meta({ description: 'Version of the knowledge that was looked into' }),
  tokensIn: z.int().nonnegative().optional(),
  tokensOut: z.int().nonnegative().optional(),
  cost: z.number().nonnegative().optional().meta({ description: 'In the currency of the installation' }),
  quality: z.number().min(0).max(1).optional().meta({ description: 'How good the answer is, as judged' }),
  evaluator: z.string().optional().meta({ description: 'Who or what judged it' }),
  sources: z.array(z.object({
    source: z.string(),
    chunk: z.string().optional(),
    score: z.number().optional(),
  })).optional().meta({ description: 'What the answer rests on, best first' }),
})

export const escalated = z.object({ reason: z.string() })
export const caseClosed = z.object({ outcome: z.string() })
/** For kinds whose cases are rated, each in its own scale. */
export const feedbackGiven = z.object({
  rating: z.number().meta({ description: 'What the customer thinks of the case, in the scale of the kind' }),
  comment: z.string().max(4000).optional(),
})
export const conversationImported = z.object({ turns: z.int().nonnegative() })

/** Inputs that every kind may be sent. */
export const KNOWN_INPUTS = { 'message.received': messageReceived, 'conversation.imported': conversationImported } as const
/** Emitted events that the tables know. */
export const KNOWN_EMITS = { 'message.sent': messageSent, escalated, 'case.closed': caseClosed } as const
