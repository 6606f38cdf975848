import { z } from 'zod'
import { evaluatedFields, messageReceived, messageSent, routedFields } from './events.ts'
import { languageCode } from './glossary.ts'

/** The kind that translates a conversation between people of two languages: one actor a conversation. */
export const TRANSLATION_KIND = 'translation'

/** Bounds of a translated conversation. Characters are UTF-16 units. */
export const TRANSLATION_LIMITS = {
  participantsMax: 16,
  participantCharsMax: 64,
  languagesMax: 2,
  /** Characters of a message that is translated; a longer one is passed on as it is. */
  textCharsMax: 2_000,
  /** Messages that wait for their translation, and bytes of them as JSON; a further one is passed on as it is. */
  waitingMax: 8,
  waitingBytesMax: 24_576,
  /** Terms that a conversation remembers; the oldest go first. */
  termsMax: 48,
  termCharsMax: 64,
  /** Terms that a model is told for one message. */
  toldMax: 24,
} as const

const { participantCharsMax, termCharsMax, termsMax } = TRANSLATION_LIMITS

export const participantSchema = z.string().trim().min(1).max(participantCharsMax).meta({ description: 'Name of a participant' })

/** A person takes part, or goes on in another language. */
export const participantJoined = z.object({
  participant: participantSchema,
  lang: languageCode.meta({ description: 'The language that the participant writes and reads; a conversation has two' }),
})

/** A message of a participant. */
export const participantMessage = messageReceived.extend({ participant: participantSchema })

/** A term with its translation. */
export const termPair = z.tuple([z.string().min(1).max(termCharsMax), z.string().min(1).max(termCharsMax)])
export type TermPair = z.infer<typeof termPair>

/** What a model took for a translation. */
export const translationFacts = {
  ...z.object({
    model: messageSent.shape.model,
    promptVersion: messageSent.shape.promptVersion,
    tokensIn: messageSent.shape.tokensIn,
    tokensOut: messageSent.shape.tokensOut,
    cost: messageSent.shape.cost,
    quality: messageSent.shape.quality,
    evaluator: messageSent.shape.evaluator,
  }).shape,
  reasons: evaluatedFields.reasons,
  tier: routedFields.tier,
  tierReason: routedFields.tierReason,
} as const

/** Emitted for each message. */
export const messageTranslated = z.object({
  message: z.string().meta({ description: 'Id of the message' }),
  participant: participantSchema,
  from: languageCode,
  to: languageCode.nullable().meta({ description: 'null where nobody reads another language' }),
  text: z.string().meta({ description: 'What the other side reads: the translation or, where there is none, the original' }),
  original: z.string(),
  made: z.enum(['model', 'none']).meta({ description: 'none: the text is the original' }),
  problem: z
    .string()
    .max(128)
    .optional()
    .meta({
      description: 'Why there is no translation: no_model, busy, too_long, empty, no_reader, same_language, ended, or the code of an error',
    }),
  terms: z.array(termPair).max(termsMax).optional().meta({ description: 'Terms of the message as they are translated' }),
  ...translationFacts,
})
export type MessageTranslated = z.output<typeof messageTranslated>
