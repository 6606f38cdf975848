import { hash } from 'node:crypto'
import { z } from 'zod'
import { ColloquyError } from '../../../schemas/errors.ts'
import en from './knowledge/en.json' with { type: 'json' }
import zh from './knowledge/zh.json' with { type: 'json' }

/** Topic of an article. Warranty and repair are `returns`; opening hours, the club and recycling are `general`. */
export const articleTopics = ['product', 'order', 'shipping', 'returns', 'technical', 'account', 'payment', 'general'] as const

/** The longest text of an article, in code points: several articles must fit into a prompt. */
export const articleTextCharsMax = 2000

/**
 * One article of the fictitious shop Heronbay (鹭湾). `id` is unique and stable, since citations name it. Its form is `<subject>-<lang>`:
 * `returns-window-en` and `returns-window-zh` state the same facts.
 */
export const Article = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9-]+-(en|zh)$/)
    .max(64),
  lang: z.enum(['en', 'zh']),
  topic: z.enum(articleTopics),
  title: z.string().min(1).max(120),
  text: z
    .string()
    .min(1)
    .refine((text) => [...text].length <= articleTextCharsMax, `over ${articleTextCharsMax} characters`),
})
export type Article = z.infer<typeof Article>

const Articles = z.array(Article).superRefine((articles, context) => {
  const seen = new Set<string>()
  for (const [index, { id, lang }] of articles.entries()) {
    if (seen.has(id)) context.addIssue({ code: 'custom', path: [index, 'id'], message: `${id} is used twice` })
    if (!id.endsWith(`-${lang}`)) context.addIssue({ code: 'custom', path: [index, 'id'], message: `${id} must end in -${lang}` })
    seen.add(id)
  }
})

/**
 * Validates articles.
 *
 * @throws ColloquyError `knowledge_invalid`; the message names every faulty article and field
 */
export function parseArticles(rows: unknown): readonly Article[] {
  const parsed = Articles.safeParse(rows)
  if (parsed.success) return parsed.data
  const problems = z.prettifyError(parsed.error)
  const what = `The knowledge base is not valid; correct these fields:\n${problems}`
  throw new ColloquyError('knowledge_invalid', what, { cause: parsed.error })
}

/** A hash of the articles: answers with different versions rest on different articles. */
export const versionOf = (articles: readonly Article[]): string => hash('sha256', JSON.stringify(articles)).slice(0, 12)

/** The knowledge base of the kind `support`: all English articles, then all Chinese ones. */
export const loadArticles = (): readonly Article[] => parseArticles([...en, ...zh])
