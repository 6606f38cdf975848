import { existsSync } from 'node:fs'
import { z } from 'zod'
import { actSchema } from '../../schemas/dialogue-acts.ts'
import { readLines } from './json-lines.ts'

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
  readLines(own(`acts-training-${language}.jsonl`), trainingSchema)

/** The messages that the model is measured on; nothing is trained or chosen by them. */
export const readEvaluation = (language: ActLanguage): Promise<EvaluationMessage[]> =>
  readLines(own(`acts-${language}.jsonl`), evaluationSchema)

/** Public conversations with user turns (Schema-Guided Dialogue, CrossWOZ). We may not distribute them, so the file may be missing. */
const CONVERSATIONS = new URL('../../../shared/data/conversations.jsonl.gz', import.meta.url)
const conversationSchema = z.object({ id: z.string(), turns: z.array(turnSchema) })
const labelSchema = z.strictObject({ id: z.string(), turn: z.int().nonnegative(), act: actSchema })

/**
 * Turns of public conversations, which other people wrote for another purpose; the acts are our labels. No turn was looked at before the
 * model was trained. The conversations have some of the acts only.
 *
 * @returns `undefined` if the conversations are missing
 */
export async function readPublicTurns(language: ActLanguage): Promise<LabelledMessage[] | undefined> {
  if (!existsSync(CONVERSATIONS)) return undefined
  const conversations = new Map((await readLines(CONVERSATIONS, conversationSchema)).map(({ id, turns }) => [id, turns]))
  const labels = await readLines(own(`acts-public-${language}.jsonl`), labelSchema)
  return labels.map(({ id, turn, act }) => {
    const turns = conversations.get(id)
    const message = turns?.[turn]
    if (turns === undefined || message === undefined) throw new Error(`acts-public-${language}.jsonl: no turn ${turn} in ${id}`)
    return { history: turns.slice(0, turn), text: message.text, act }
  })
}

const own = (file: string): URL => new URL(file, import.meta.url)
