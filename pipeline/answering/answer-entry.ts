import { hash } from 'node:crypto'
import { z } from 'zod'
import { foldHan, spellSigns } from '../../actors/core/fold-text.ts'
import type { SharedQuestion } from '../../actors/definition/task-answers.ts'
import type { CacheKey } from '../cache/cache-key.ts'
import { basisSchema } from './basis.ts'

/** An answer that is kept, with all that it rests on. */
export const answerEntrySchema = z.object({
  /** The answer as JSON, which the schema of the task reads. */
  answer: z.unknown(),
  /** LOG sequence of the record that started the task which made the answer. */
  seq: z.int().positive(),
  basis: basisSchema,
  understanding: z.string(),
  promptVersion: z.string(),
  /** The passages that were found for it, by id, and hashes of their texts, in the order of the prompt. */
  passages: z.array(z.object({ id: z.string(), hash: z.string() })),
})
export type AnswerEntry = z.infer<typeof answerEntrySchema>

/** Raise it with each change of the entry, or of what a normalised question is. */
export const ENTRY_VERSION = 2

const CLOSING_MARKS = /[\s?!.。？！…]+$/u
const BLANKS = /\s+/gu

/**
 * A question without what makes no difference to its answer: case, width, blanks and closing marks. Accents do: German Kuchen are cakes,
 * and Küchen are kitchens.
 */
export const normalisedQuestion = (text: string): string =>
  foldHan(spellSigns(text.normalize('NFKC')))
    .toLowerCase()
    .replace(BLANKS, ' ')
    .trim()
    .replace(CLOSING_MARKS, '')

/** The key of the entry of a question. It has all that decides the answer and does not change with the tenant's knowledge. */
export function keyOfQuestion(tenant: string, kind: string, question: SharedQuestion): CacheKey {
  const { text, lang, act, intents, entities, tier, prompt, setUp } = question
  const named = entities.map(({ name, value }) => JSON.stringify([name, value])).sort()
  const parts = [kind, setUp, normalisedQuestion(text), lang, act ?? '', JSON.stringify([...intents].sort()), JSON.stringify(named), tier]
  // Conversations of one tenant may have different versions of a prompt at one time.
  return { tenant, parts: [...parts, prompt.promptVersion] }
}

export const passagesOf = ({ passages }: SharedQuestion): AnswerEntry['passages'] =>
  passages.map(({ id, text }) => ({ id, hash: hash('sha256', text, 'base64url').slice(0, 22) }))

/** Whether an entry rests on the passages that were found now, on the same prompt, and on the same understanding. */
export function fitsQuestion(entry: AnswerEntry, question: SharedQuestion): boolean {
  const found = passagesOf(question)
  return (
    entry.promptVersion === question.prompt.promptVersion
    && entry.understanding === question.understanding
    && entry.passages.length === found.length
    && found.every(({ id, hash: text }, place) => entry.passages[place]?.id === id && entry.passages[place].hash === text)
  )
}
