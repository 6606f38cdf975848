import { splitHeading } from '../../../schemas/knowledge-events.ts'
import type { TaskSearchHit, TaskSearchIndex } from '../../definition/task-search.ts'
import { type Refers, standsAlone } from './asking/follow-up.ts'
import { clip, clipLines } from './clip.ts'
import { coverageInContext, createCoverage } from './coverage.ts'
import type { Query } from './definition.ts'
import { EARLIER_CHARS_MAX, EARLIER_MAX, type Hit, HIT_CHARS_MAX, HITS_MAX } from './found.ts'
import type { SearchQuery } from './search.ts'
import { termsOf, wordsOf } from './terms.ts'

/** Hits of one search from which the best are chosen; a question with a context makes two. */
const CANDIDATES_MAX = 12
/** Earlier messages with a lower score have less than a word in common with the question. */
const EARLIER_SCORE_MIN = 0.03
/**
 * Weights of the question's words, with synonyms, in the text and in the title, relative to the search score. On the 52 test questions,
 * with the articles uploaded as knowledge, the right article is first for 41 without these weights and for 50 with them; half or twice the
 * weights give about as many.
 */
const WORDS_WEIGHT = 1
const TITLE_WEIGHT = 0.5
/**
 * The share of a question's words that says as much as a score of 1. The score is on the scale that each process measures for its own
 * model, so this holds for any: a passage that covers half of the words, or has a third of the score, is as likely to answer.
 */
const SCORE_PER_SHARE = 1.5
/** Weight of earlier messages, relative to the question. */
const EARLIER_WEIGHT = 0.3
/** Weights of what came before, relative to the question: of the question before, and of the reply to it. */
const CONTEXT_WEIGHTS: Readonly<Record<Refers, { readonly about: number; readonly reply: number }>> = {
  yes: { about: 0.5, reply: 0.5 },
  maybe: { about: 0.5, reply: 0.5 },
  act: { about: 0.2, reply: 0.2 },
  no: { about: 0.1, reply: 0.1 },
}

interface Candidate {
  readonly hit: TaskSearchHit
  readonly title: string
  readonly text: string
  readonly terms: ReadonlySet<string>
  /** Scores of the search for the question alone, and together with what came before; 0 where it did not find it. */
  readonly own: number
  readonly together: number
  /** The same before re-ranking: a miss is judged on one scale, with any re-ranker. */
  readonly ownFused: number
  readonly togetherFused: number
}

/** How hits are scored. */
export interface RecallOptions {
  /**
   * True: similarity of meaning counts as much as common words. Use it for a model, which understands a passage and can tell that it does
   * not answer the question. False: only words count. Use it for quotations.
   */
  readonly byMeaning: boolean
}

/**
 * Looks a question up in the tenant's knowledge by hybrid search: alone and, where something came before it, together with that. `earlier`
 * are the customer's earlier messages, where the question refers to them.
 */
export async function recallKnowledge(
  searchIndex: TaskSearchIndex,
  { text, about, reply = null, refers = 'yes', lang }: SearchQuery,
  earlier: readonly string[],
  { byMeaning }: RecallOptions,
): Promise<Hit[]> {
  const before = standsAlone(refers) ? [] : [about, reply, ...earlier].filter((one) => one !== null && one !== '')
  const search = (q: string) => searchIndex.search({ q, in: 'knowledge', limit: CANDIDATES_MAX })
  const [alone, together] = await Promise.all([search(text), before.length === 0 ? [] : search([text, ...before].join('\n'))])
  const candidates = candidatesOf(alone, together)
  const coverageOf = createCoverage(candidates)
  // "And how much is it?" has no word of its own.
  const covers = coverageOf(about === null || wordsOf(text).length > 0 ? text : about)
  const [coversAbout, coversReply, coversEarlier] = [coverageOf(about ?? ''), coverageOf(reply ?? ''), coverageOf(earlier.join('\n'))]
  const judged = coverageInContext(coverageOf, { text, about, refers })
  const weights = CONTEXT_WEIGHTS[refers]
  const worthOf = ({ own, together: both, title, terms }: Candidate): number =>
    (standsAlone(refers) ? own : Math.max(own, both))
    + WORDS_WEIGHT * covers(terms)
    + TITLE_WEIGHT * covers(new Set(termsOf(title)))
    + weights.about * coversAbout(terms)
    + weights.reply * coversReply(terms)
    + EARLIER_WEIGHT * coversEarlier(terms)
  return candidates
    .map((candidate) => ({ ...candidate, worth: worthOf(candidate), isForeign: !isIn(candidate.hit, lang) }))
    .sort((a, b) => Number(a.isForeign) - Number(b.isForeign) || b.worth - a.worth)
    .slice(0, HITS_MAX)
    .map(({ hit, title, text: passage, terms, ownFused, togetherFused }) => ({
      source: hit.source,
      chunk: hit.id,
      title: clip(title, TITLE_CHARS_MAX),
      text: clipLines(passage, HIT_CHARS_MAX),
      lang: hit.lang,
      score: Math.max(
        judged(terms),
        byMeaning ? Math.min(1, SCORE_PER_SHARE * (standsAlone(refers) ? ownFused : Math.max(ownFused, togetherFused))) : 0,
      ),
    }))
}

/** The hits of both searches, each once. */
function candidatesOf(alone: readonly TaskSearchHit[], together: readonly TaskSearchHit[]): Candidate[] {
  const scoreIn = (hits: readonly TaskSearchHit[]) => new Map(hits.map(({ id, score, fused = score }) => [id, { score, fused }]))
  const [own, both] = [scoreIn(alone), scoreIn(together)]
  const hits = new Map([...alone, ...together].map((hit) => [hit.id, hit]))
  return [...hits.values()].map((hit) => {
    const { head, text } = splitHeading(hit.text)
    return {
      hit,
      title: head ?? hit.source,
      text: text === '' ? (head ?? '') : text,
      terms: new Set(termsOf(hit.text)),
      own: own.get(hit.id)?.score ?? 0,
      together: both.get(hit.id)?.score ?? 0,
      ownFused: own.get(hit.id)?.fused ?? 0,
      togetherFused: both.get(hit.id)?.fused ?? 0,
    }
  })
}

const TITLE_CHARS_MAX = 200

/** Ids of emitted events: in a conversation, our own replies. */
const PRODUCT_ID = /^[0-9a-z]+-[0-9a-z]+-e\d+$/

/**
 * The customer's earlier messages in this conversation that relate to a question. They do not include that question, the previous one, or
 * our replies.
 */
export async function recallConversation(searchIndex: TaskSearchIndex, { text, about }: Pick<Query, 'text' | 'about'>): Promise<string[]> {
  const hits = await searchIndex.search({
    q: about === null ? text : `${text}\n${about}`,
    in: 'messages',
    own: true,
    limit: EARLIER_MAX * 4,
  })
  const texts = hits
    .filter(({ score, fused = score, source }) => fused >= EARLIER_SCORE_MIN && !PRODUCT_ID.test(source))
    .map((hit) => clip(hit.text, EARLIER_CHARS_MAX))
  const questions = new Set([text, about ?? ''].map((one) => clip(one, EARLIER_CHARS_MAX)))
  return texts.filter((one) => !questions.has(one)).slice(0, EARLIER_MAX)
}

/** Whether a passage may be in a language: its language is the same or unknown. */
export const isIn = ({ lang }: Pick<Hit, 'lang'>, wanted: string): boolean => lang === null || lang.slice(0, 2).toLowerCase() === wanted
