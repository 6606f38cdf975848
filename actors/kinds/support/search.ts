import MiniSearch from 'minisearch'
import { clip } from './clip.ts'
import { createCoverage } from './coverage.ts'
import type { Query } from './definition.ts'
import { type Hit, HIT_CHARS_MAX, HITS_MAX } from './found.ts'
import type { Article } from './knowledge.ts'
import { synonymsOf } from './synonyms.ts'
import { termsOf, wordsOf } from './terms.ts'

const TITLE_BOOST = 2.5
const TOPIC_BOOST = 2
/** Weights of a synonym, and of a term of the previous question, relative to a term of the question. */
const SYNONYM_WEIGHT = 0.7
const ABOUT_WEIGHT = 0.5
/** Weight of terms from earlier messages, for a question that refers to them. */
const EARLIER_WEIGHT = 0.2

/**
 * Creates an in-memory search over the articles. Hits in the language of the question come first; within a language, the highest BM25 score
 * comes first. At most `HITS_MAX` hits.
 */
export function createSearch(articles: readonly Article[]): (query: Query, earlier?: readonly string[]) => Hit[] {
  const byId = new Map(articles.map((article) => [article.id, article]))
  const index = new MiniSearch<Article>({ fields: ['title', 'text'], tokenize: termsOf, processTerm: (term) => term })
  index.addAll(articles)
  const coverageOf = createCoverage(articles)

  return ({ text, about, topic, lang }, earlier = []) => {
    const weights = weightsOf(text, about, earlier)
    const found = index.search([...weights.keys()].join(' '), {
      tokenize: (terms) => terms.split(' '),
      boost: { title: TITLE_BOOST },
      boostTerm: (term) => weights.get(term) ?? 0,
      boostDocument: (id) => (byId.get(String(id))?.topic === topic ? TOPIC_BOOST : 1),
    })
    // "And how much is it?" has no word of its own.
    const covers = coverageOf(about === null || wordsOf(text).length > 0 ? text : about)
    const ranked = found.flatMap(({ id, queryTerms }) => {
      const article = byId.get(String(id))
      return article === undefined ? [] : [{ article, known: new Set(queryTerms) }]
    })
    const sameLanguage = ranked.filter(({ article }) => article.lang === lang)
    const otherLanguages = ranked.filter(({ article }) => article.lang !== lang)
    return [...sameLanguage, ...otherLanguages]
      .slice(0, HITS_MAX)
      .map(({ article, known }) => ({
        source: article.id,
        title: article.title,
        text: clip(article.text, HIT_CHARS_MAX),
        lang: article.lang,
        score: covers(known),
      }))
  }
}

function weightsOf(text: string, about: string | null, earlier: readonly string[]): Map<string, number> {
  const weights = new Map<string, number>()
  const addTerms = (terms: readonly string[], weight: number): void => {
    for (const term of terms) if (!weights.has(term)) weights.set(term, weight)
  }
  const asked = termsOf(text)
  addTerms(asked, 1)
  addTerms(asked.flatMap(synonymsOf), SYNONYM_WEIGHT)
  if (about !== null) addTerms(termsOf(about), ABOUT_WEIGHT)
  for (const earlierText of earlier) addTerms(termsOf(earlierText), EARLIER_WEIGHT)
  return weights
}
