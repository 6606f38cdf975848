import { z } from 'zod'

/**
 * The event types that the conversation tables know. Any kind may take or emit them; a kind adds its own beside them.
 */
export const roleSchema = z.enum(['user', 'assistant', 'agent', 'system'])
export type Role = z.infer<typeof roleSchema>

export const messageReceived = z.object({
  role: roleSchema.meta({ description: 'Who speaks' }),
  text: z.string().meta({ description: 'What was said' }),
  lang: z.string().max(35).optional().meta({ description: 'BCP 47; detected where it is absent' }),
})

export const messageSent = z.object({
  text: z.string(),
  replyTo: z.string().optional().meta({ description: 'The id of the input that this answers' }),
  lang: z.string().max(35).optional(),
  model: z.string().optional(),
  tokensIn: z.int().nonnegative().optional(),
  tokensOut: z.int().nonnegative().optional(),
  cost: z.number().nonnegative().optional().meta({ description: 'In the currency of the installation' }),
  sources: z.array(z.object({
    source: z.string(),
    chunk: z.string().optional(),
    score: z.number().optional(),
  })).optional().meta({ description: 'What the answer rests on, best first' }),
})

export const escalated = z.object({ reason: z.string() })
export const caseClosed = z.object({ outcome: z.string() })
export const conversationImported = z.object({ turns: z.int().nonnegative() })

/** Inputs that every kind may be sent. */
export const KNOWN_INPUTS = { 'message.received': messageReceived, 'conversation.imported': conversationImported } as const
/** Events that the tables know when a machine emits them. */
export const KNOWN_EMITS = { 'message.sent': messageSent, escalated, 'case.closed': caseClosed } as const
