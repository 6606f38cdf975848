import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { actSchema } from '../../schemas/dialogue-acts.ts'

export const ACT_LANGUAGES = ['en', 'zh'] as const
export type ActLanguage = (typeof ACT_LANGUAGES)[number]

const turnSchema = z.strictObject({ role: z.enum(['user', 'assistant', 'agent', 'system']), text: z.string() })
const trainingSchema = z.strictObject({ history: z.array(turnSchema), text: z.string(), act: actSchema })
/** `blind`: written by somebody who had seen the list of acts and neither the code nor the training messages. */
const evaluationSchema = trainingSchema.extend({ blind: z.boolean() })

/** A message with its act, and the turns before it. */
export type LabelledMessage = z.infer<typeof trainingSchema>
export type EvaluationMessage = z.infer<typeof evaluationSchema>

/** The messages that the stored weights are trained from. */
export const readTraining = (language: ActLanguage): Promise<LabelledMessage[]> =>
  readLines(`acts-training-${language}.jsonl`, trainingSchema)

/** The messages that the model is measured on; nothing is trained or chosen by them. */
export const readEvaluation = (language: ActLanguage): Promise<EvaluationMessage[]> => readLines(`acts-${language}.jsonl`, evaluationSchema)

async function readLines<T>(file: string, schema: z.ZodType<T>): Promise<T[]> {
  const text = await readFile(new URL(file, import.meta.url), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => schema.parse(JSON.parse(line)))
}
