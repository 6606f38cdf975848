import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { createCoverage } from '../../actors/kinds/support/coverage.ts'
import { createExtract } from '../../actors/kinds/support/extract.ts'
import { type Article, loadArticles } from '../../actors/kinds/support/knowledge.ts'
import { createSearch } from '../../actors/kinds/support/search.ts'
import { termsOf } from '../../actors/kinds/support/terms.ts'
import { readLines } from './json-lines.ts'

export const QUALITY_LANGUAGES = ['en', 'zh'] as const
export type QualityLanguage = (typeof QUALITY_LANGUAGES)[number]

const exampleSchema = z.object({
  query: z.string(),
  context: z.array(z.string()),
  /** Scores of the passages in the search. */
  retrieval: z.array(z.number()).optional(),
  lang: z.enum(QUALITY_LANGUAGES),
  response: z.string(),
  label: z.union([z.literal(0), z.literal(1)]),
  /** `right`, or in which way the answer is wrong. */
  kind: z.string(),
})
/** A question with an answer that is right (`label` 1) or wrong. */
export type QualityExample = z.output<typeof exampleSchema>

/** The public set of a language, from `folder` (default `../shared/data`); `undefined` if it is missing. */
export async function readQualitySet(lang: QualityLanguage, folder?: string, part = 'dev'): Promise<QualityExample[] | undefined> {
  const base = folder === undefined ? new URL('../../../shared/data/', import.meta.url) : pathToFileURL(`${folder}/`)
  const file = new URL(`quality-xquad-${lang}-${part}.jsonl.gz`, base)
  return existsSync(file) ? readLines(file, exampleSchema) : undefined
}

const questionSchema = z.object({ query: z.string(), relevant: z.array(z.string()).min(1) })

/** Steps through the articles to one that has nothing to do with the question. */
const FAR = 17

/**
 * The knowledge base's own questions, each with three quotations as `support` makes them, and the article of each as its context: `right`
 * from the article that answers, `other` from an unrelated one, `neighbour` from the best wrong one that the search finds.
 */
export async function readSupportSet(lang: QualityLanguage): Promise<QualityExample[]> {
  const articles = loadArticles()
  const own = articles.filter((article) => article.lang === lang)
  const extract = createExtract(articles)
  const search = createSearch(articles)
  const coverageOf = createCoverage(articles)
  const questions = await readLines(new URL(`questions-${lang}.jsonl`, import.meta.url), questionSchema)
  return questions.flatMap(({ query, relevant }) => {
    const at = own.findIndex(({ id }) => relevant.includes(id))
    const right = own[at]
    if (right === undefined) return []
    const found = search({ text: query, about: null, topic: null, lang }).find(({ source }) => !relevant.includes(source))
    const neighbour = own.find(({ id }) => id === found?.source)
    const covers = coverageOf(query)
    const quoted = (article: Article | undefined, kind: string): QualityExample[] => {
      if (article === undefined) return []
      const score = covers(new Set(termsOf(`${article.title} ${article.text}`)))
      const hit = { source: article.id, title: article.title, text: article.text, lang: article.lang, score }
      const { text } = extract({ text: query, about: null, topic: null, lang, turns: [], hits: [hit] })
      return text === null
        ? []
        : [
            {
              query,
              context: [`${article.title}\n${article.text}`],
              retrieval: [score],
              lang,
              response: text,
              label: kind === 'right' ? 1 : 0,
              kind,
            },
          ]
    }
    return [...quoted(right, 'right'), ...quoted(own[(at + FAR) % own.length], 'other'), ...quoted(neighbour, 'neighbour')]
  })
}
