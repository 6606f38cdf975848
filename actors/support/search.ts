import MiniSearch from 'minisearch'
import { clip } from './clip.ts'
import type { Article } from './knowledge.ts'
import type { Topic } from './lexicon.ts'
import { rarityIn } from './rarity.ts'
import { synonymsOf } from './synonyms.ts'
import { termsOf, wordsOf } from './terms.ts'

/** What is looked for. */
export interface Query {
  readonly text: string
  /** What was asked before, where `text` only makes sense after it. */
  readonly about: string | null
  readonly topic: Topic | null
  readonly lang: string
}

/** An article that was found. */
export interface Hit {
  readonly source: string
  readonly title: string
  readonly text: string
  readonly lang: string
  /** The share of the question that the article knows of, 0 to 1: of its words, the rarer the weightier. */
  readonly score: number
}

export const HITS_MAX = 3
export const HIT_CHARS_MAX = 1200

const TITLE_BOOST = 2.5
const TOPIC_BOOST = 2
/** What a synonym, and what a term of the question before, counts beside a term of the question itself. */
const SYNONYM_WEIGHT = 0.7
const ABOUT_WEIGHT = 0.5

/**
 * A search over the articles, held in memory. Hits come in the order of their BM25 score, those in the language of the
 * question before all others, at most `HITS_MAX`.
 */
export function createSearch(articles: readonly Article[]): (query: Query) => Hit[] {
  const byId = new Map(articles.map((article) => [article.id, article]))
  const index = new MiniSearch<Article>({ fields: ['title', 'text'], tokenize: termsOf, processTerm: (term) => term })
  index.addAll(articles)
  const rarity = rarityIn(articles)

  return ({ text, about, topic, lang }) => {
    const weights = weightsOf(text, about)
    const found = index.search([...weights.keys()].join(' '), {
      tokenize: (terms) => terms.split(' '),
      boost: { title: TITLE_BOOST },
      boostTerm: (term) => weights.get(term) ?? 0,
      boostDocument: (id) => (byId.get(String(id))?.topic === topic ? TOPIC_BOOST : 1),
    })
    const words = [...new Set(wordsOf(text))]
    const ranked = found.flatMap(({ id, score, queryTerms }) => {
      const article = byId.get(String(id))
      return article === undefined ? [] : [{ article, score, terms: new Set(queryTerms) }]
    })
    const candidates = [...ranked.filter(({ article }) => article.lang === lang), ...ranked.filter(({ article }) => article.lang !== lang)]
    const P = Number(process.env.P ?? 0)
    return candidates.slice(0, 10).map((c) => ({ ...c, share: knownShare(words, c.terms, rarity) }))
      .sort((x, y) => Number(y.article.lang === lang) - Number(x.article.lang === lang) || y.score * (P + y.share) - x.score * (P + x.share))
      .slice(0, HITS_MAX).map(({ article, share }) => ({
      source: article.id, title: article.title, text: clip(article.text, HIT_CHARS_MAX), lang: article.lang, score: share,
    }))
  }
}

function weightsOf(text: string, about: string | null): Map<string, number> {
  const weights = new Map<string, number>()
  const weigh = (terms: readonly string[], weight: number): void => {
    for (const term of terms) if (!weights.has(term)) weights.set(term, weight)
  }
  const asked = termsOf(text)
  weigh(asked, 1)
  weigh(asked.flatMap(synonymsOf), SYNONYM_WEIGHT)
  if (about !== null) weigh(termsOf(about), ABOUT_WEIGHT)
  return weights
}

function knownShare(words: readonly string[], known: ReadonlySet<string>, rarity: (term: string) => number): number {
  let [all, share] = [0, 0]
  for (const word of words) {
    const parts = termsOf(word)
    const weight = Math.max(...parts.map(rarity))
    all += weight
    if (parts.every((part) => known.has(part)) || synonymsOf(word).some((synonym) => known.has(synonym))) share += weight
  }
  return all === 0 ? 0 : Math.round((share / all) * 1000) / 1000
}
