import MiniSearch from 'minisearch'
import type { Refers } from './asking/follow-up.ts'
import { clip } from './clip.ts'
import { coverageInContext, createCoverage } from './coverage.ts'
import type { Query } from './definition.ts'
import { type Hit, HIT_CHARS_MAX, HITS_MAX } from './found.ts'
import type { Article } from './knowledge.ts'
import { synonymsOf } from './synonyms.ts'
import { termsOf } from './terms.ts'

const TITLE_BOOST = 2.5
const TOPIC_BOOST = 2
/** Weight of a synonym relative to a term. */
const SYNONYM_WEIGHT = 0.7
/** Weight of the customer's earlier messages, for a question that refers to them. */
const EARLIER_WEIGHT = 0.2

/** What came before counts beside the question, whose best article has 1. */
interface ContextWeights {
  /** Of the questions before, and of the reply to the last one. */
  readonly about: number
  readonly reply: number
  /** Of the best article of the same topic. */
  readonly topic: number
  /** What is left of these for an article that has nothing of the question itself. */
  readonly alone: number
}

/**
 * Measured on 124 follow-ups and on 172 questions after an unrelated one (`npm run eval -- follow-ups`). Where a message does not refer
 * back, what came before only decides between articles that fit it about equally.
 */
const CONTEXT_WEIGHTS: Readonly<Record<Refers, ContextWeights>> = {
  yes: { about: 0.5, reply: 0.5, topic: 0.25, alone: 1 },
  maybe: { about: 1, reply: 1, topic: 0.5, alone: 0.4 },
  act: { about: 0.4, reply: 0.4, topic: 0, alone: 1 },
  no: { about: 0.4, reply: 0.4, topic: 0, alone: 1 },
}
/** An article with this share of the best score has enough of the question for the whole weight of what came before. */
const OWN_SHARE = 0.3

/** A question with what came before it. */
export interface SearchQuery extends Query {
  /** The reply to the question before. Default: none. */
  readonly reply?: string | null
  /** Default: `yes`. */
  readonly refers?: Refers
}

/** Scores of articles by their subject, 0 to 1: the best has 1. Both languages of an article have the same subject. */
type Scores = ReadonlyMap<string, number>

/**
 * Creates an in-memory search over the articles. Hits in the language of the question come first; within a language, those that fit both
 * the question and what came before it. At most `HITS_MAX` hits.
 */
export function createSearch(articles: readonly Article[]): (query: SearchQuery, earlier?: readonly string[]) => Hit[] {
  const byId = new Map(articles.map((article) => [article.id, { ...article, terms: new Set(termsOf(`${article.title} ${article.text}`)) }]))
  const index = new MiniSearch<Article>({ fields: ['title', 'text'], tokenize: termsOf, processTerm: (term) => term })
  index.addAll(articles)
  const coverageOf = createCoverage(articles)

  /** @param lang only articles of this language */
  const scoresOf = (text: string, { lang, topic = null }: { lang?: string; topic?: string | null } = {}): Scores => {
    const weights = weightsOf(text)
    if (weights.size === 0) return new Map()
    const found = index.search([...weights.keys()].join(' '), {
      tokenize: (terms) => terms.split(' '),
      boost: { title: TITLE_BOOST },
      boostTerm: (term) => weights.get(term) ?? 0,
      boostDocument: (id) => (topic !== null && byId.get(String(id))?.topic === topic ? TOPIC_BOOST : 1),
    })
    const scores = new Map<string, number>()
    for (const { id, score } of found) {
      if (lang !== undefined && byId.get(String(id))?.lang !== lang) continue
      const subject = subjectOf(String(id))
      scores.set(subject, Math.max(scores.get(subject) ?? 0, score))
    }
    const best = Math.max(...scores.values())
    return new Map([...scores].map(([subject, score]) => [subject, score / best]))
  }

  return ({ text, about, reply = null, refers = 'yes', topic, lang }, earlier = []) => {
    const [own, foreign] = [scoresOf(text, { lang, topic }), scoresOf(text, { topic })]
    const [before, answered] = [scoresOf(about ?? ''), scoresOf(reply ?? '')]
    const said = scoresOf(earlier.join('\n'))
    const weights = CONTEXT_WEIGHTS[refers]
    const byTopic = new Map<string, number>()
    for (const article of articles) {
      const subject = subjectOf(article.id)
      const score = ((before.get(subject) ?? 0) + (answered.get(subject) ?? 0)) / 2
      byTopic.set(article.topic, Math.max(byTopic.get(article.topic) ?? 0, score))
    }
    const worthOf = ({ id, lang: language, topic: subjectTopic }: Article): number => {
      const subject = subjectOf(id)
      const fits = (language === lang ? own : foreign).get(subject) ?? 0
      const context =
        weights.about * (before.get(subject) ?? 0)
        + weights.reply * (answered.get(subject) ?? 0)
        + weights.topic * (byTopic.get(subjectTopic) ?? 0)
      const share = weights.alone + (1 - weights.alone) * Math.min(1, fits / OWN_SHARE)
      return fits + context * share + EARLIER_WEIGHT * (said.get(subject) ?? 0)
    }
    const covers = coverageInContext(coverageOf, { text, about, refers })
    return [...byId.values()]
      .map((article) => ({ article, worth: worthOf(article), isForeign: article.lang !== lang }))
      .filter(({ worth }) => worth > 0)
      .sort((a, b) => Number(a.isForeign) - Number(b.isForeign) || b.worth - a.worth)
      .slice(0, HITS_MAX)
      .map(({ article }) => ({
        source: article.id,
        title: article.title,
        text: clip(article.text, HIT_CHARS_MAX),
        lang: article.lang,
        score: covers(article.terms),
      }))
  }
}

/** The id of an article without its language. */
const subjectOf = (id: string): string => id.replace(/-[a-z]+$/, '')

function weightsOf(text: string): Map<string, number> {
  const weights = new Map<string, number>()
  const asked = termsOf(text)
  for (const term of asked) weights.set(term, 1)
  for (const term of asked.flatMap(synonymsOf)) if (!weights.has(term)) weights.set(term, SYNONYM_WEIGHT)
  return weights
}
