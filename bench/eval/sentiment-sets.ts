import { z } from 'zod'
import { SENTIMENT_LABELS } from '../../actors/analysing/sentiment.ts'
import { readLines } from './json-lines.ts'

export const SENTIMENT_LANGUAGES = ['en', 'zh'] as const
export type SentimentLanguage = (typeof SENTIMENT_LANGUAGES)[number]

const trainingSchema = z.strictObject({ text: z.string(), label: z.enum(SENTIMENT_LABELS) })
/** `blind`: written by somebody who had seen the names of the labels and neither the code nor the training texts. */
const evaluationSchema = trainingSchema.extend({ blind: z.boolean() })

export type LabelledText = z.infer<typeof trainingSchema>
export type EvaluationText = z.infer<typeof evaluationSchema>

/** The texts that the stored weights are trained from. */
export const readSentimentTraining = (language: SentimentLanguage): Promise<LabelledText[]> =>
  readLines(new URL(`sentiment-training-${language}.jsonl`, import.meta.url), trainingSchema)

/** The texts that the model is measured on; nothing is trained by them. */
export const readSentimentEvaluation = (language: SentimentLanguage): Promise<EvaluationText[]> =>
  readLines(new URL(`sentiment-${language}.jsonl`, import.meta.url), evaluationSchema)
