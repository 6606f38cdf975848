import { z } from 'zod'
import { type Context, initialContext, withQuestion, withReply, withUnderstood } from '../../actors/kinds/support/context.ts'
import type { lookupInput } from '../../actors/kinds/support/definition.ts'
import type { Language } from '../../actors/kinds/support/found.ts'
import { loadArticles } from '../../actors/kinds/support/knowledge.ts'
import { readLines } from './json-lines.ts'

const turnSchema = z.object({ role: z.enum(['user', 'assistant']), text: z.string() })
export type DialogueTurn = z.infer<typeof turnSchema>

const dialogueSchema = z.object({
  turns: z.array(turnSchema),
  query: z.string(),
  /** Articles that answer it; any of them counts. */
  relevant: z.array(z.string()).min(1),
  /**
   * Who wrote it: the author of the rules, somebody who had not seen them, or one who had seen the articles, so that weights are chosen
   * on it and not on the blind part.
   */
  part: z.enum(['author', 'blind', 'development']).default('author'),
})
export type Dialogue = z.infer<typeof dialogueSchema>

const fileOf = (name: string, lang: Language): URL => new URL(`${name}-${lang}.jsonl`, import.meta.url)

/** The follow-ups of a language. */
export const readDialogues = (lang: Language): Promise<Dialogue[]> => readLines(fileOf('follow-ups', lang), dialogueSchema)
/** Messages with several questions; each article must be among the hits. */
export const readSeveral = async (lang: Language): Promise<Dialogue[]> =>
  (await readLines(fileOf('several', lang), dialogueSchema.omit({ turns: true }))).map((one) => ({ ...one, turns: [] }))
/** The questions about the articles, each after an earlier one that has nothing to do with it. */
export async function readUnrelated(lang: Language): Promise<Dialogue[]> {
  const questions = (await readLines(fileOf('questions', lang), dialogueSchema.omit({ turns: true }))).filter(({ relevant }) =>
    relevant.every((id) => id.endsWith(`-${lang}`)),
  )
  return questions.map((question, index) => {
    const other = questions[(index + Math.floor(questions.length / 2)) % questions.length] ?? question
    const [sentence = ''] = /^.+?[.。：:]/u.exec(textOf(other.relevant)) ?? []
    return {
      ...question,
      turns: [
        { role: 'user', text: other.query },
        { role: 'assistant', text: sentence },
      ],
    }
  })
}
const articles = loadArticles()
const textOf = ([id]: readonly string[]): string => articles.find((article) => article.id === id)?.text ?? ''

/** Questions that no article answers. */
export const readUnanswerable = (lang: Language): Promise<{ query: string }[]> =>
  readLines(fileOf('unanswerable', lang), z.object({ query: z.string() }))

/** The input of the lookup after these turns, as the machine makes it. */
export function lookupAfter(turns: readonly DialogueTurn[], query: string): z.input<typeof lookupInput> {
  let context: Context = initialContext
  const hear = (text: string): void => {
    context = withQuestion(context, { id: 'q', arrivedAt: '2026-01-01T00:00:00.000Z', data: { role: 'user', text } })
  }
  for (const { role, text } of turns) {
    if (role === 'user') hear(text)
    else context = withReply(withUnderstood(context, undefined), text)
  }
  const { asked: about, turns: before } = context
  hear(query)
  const { text, lang } = context.queue.at(-1) ?? { text: query, lang: 'en' as const }
  return { text, lang, about, turns: before }
}
