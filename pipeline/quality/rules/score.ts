import type { EvaluationQuery } from '../../../actors/definition/task-evaluation.ts'
import { type Evaluation, REASONS_MAX, type Scores } from '../../../schemas/quality.ts'
import type { Closeness } from './closeness.ts'
import { type Incoherence, incoherences } from './coherence.ts'
import { answeredParts } from './completeness.ts'
import { type Exchange, HAS_CONTENT } from './exchange.ts'
import { groundednessOf, type Ungrounded } from './grounding.ts'
import { isWrongLanguage } from './language.ts'
import { type RelevanceFeatures, relevanceOf } from './relevance.ts'
import { relevanceWithoutSources } from './relevance-without-sources.ts'

/** What lowered a score. The words are stable; `suggestions` has a sentence for each. */
export type RulesReason =
  | Ungrounded
  | Incoherence
  | 'empty'
  | 'no_sources'
  | 'beside_the_question'
  | 'off_topic'
  | 'wrong_kind_of_answer'
  | 'part_not_answered'
  | 'wrong_language'

const SUGGESTIONS: Readonly<Record<RulesReason, string>> = {
  empty: 'Say something that answers the question.',
  no_sources: 'Cite the passages that the answer rests on.',
  number_not_in_sources: 'Use only numbers that the cited passages have.',
  name_not_in_sources: 'Use only names that the cited passages have.',
  negation_differs: 'Check the negations against the cited passages: one says the opposite.',
  words_differ_from_sources: 'Quote the passage as it is, or say it in other words throughout.',
  not_in_sources: 'Say only what the cited passages say.',
  off_topic: 'Cite passages that are about the question.',
  beside_the_question: 'Quote the place of the passage that the question asks for.',
  wrong_kind_of_answer: 'Give the kind of answer that is asked for, such as a number, a date or a name.',
  part_not_answered: 'Answer every part of the question.',
  wrong_language: 'Answer in the language of the question.',
  repeats_itself: 'Say each thing once.',
  contradicts_itself: 'Decide for one of the statements that contradict each other.',
  echoes_the_question: 'Add what the question does not say itself.',
  echoes_the_prompt: 'Leave out instructions and roles.',
  too_long: 'Shorten the answer.',
  cut_off: 'End with a complete sentence.',
}

/** What the coherence keeps for each fault. */
const COHERENCE_KEPT: Readonly<Record<Incoherence, number>> = {
  repeats_itself: 0.5,
  contradicts_itself: 0.1,
  echoes_the_question: 0.2,
  echoes_the_prompt: 0.2,
  too_long: 0.8,
  cut_off: 0.9,
}
const WRONG_LANGUAGE_KEPT = 0.3
/** Below, an answer is not good, and a dimension has a reason. */
const LOW = 0.7
/** What `overall` keeps where no passage is cited: the answer may be right, and nothing says so. */
const NO_SOURCES_KEPT = 0.8
/** What `overall` loses where no part of several is answered. */
const PARTS_WEIGHT = 0.4

/** An evaluation without the name of its evaluator. */
export type Scored = Omit<Evaluation, 'evaluator' | 'version'>

const NOTHING: Scores = { relevance: 0, completeness: 0, coherence: 0, groundedness: 0 }

/**
 * Scores an exchange: `overall` is relevance × groundedness × coherence, less a part where parts of the question are not answered.
 *
 * @param features those of the exchange
 * @param closeness default: no embedding model has been asked
 */
export function scoreExchange(
  exchange: Exchange,
  features: RelevanceFeatures,
  { retrieval, lang }: Pick<EvaluationQuery, 'retrieval' | 'lang'>,
  closeness?: Closeness,
): Scored {
  const hasSources = exchange.sources.units.length > 0
  if (!HAS_CONTENT.test(exchange.whole)) return scored({ ...NOTHING, groundedness: hasSources ? 0 : null }, 0, ['empty'])
  const reasons: RulesReason[] = []
  const grounded = hasSources ? groundednessOf(exchange.grounded) : undefined
  reasons.push(...(grounded?.reasons ?? ['no_sources' as const]))
  const { relevance, completeness, unanswered } = relevanceAndParts(exchange, features, retrieval, closeness, reasons)
  const coherence = coherenceOf(exchange, lang, reasons)
  const groundedness = grounded?.score ?? null
  const overall = relevance * (groundedness ?? NO_SOURCES_KEPT) * coherence * (1 - PARTS_WEIGHT * unanswered)
  return scored({ relevance, completeness, coherence, groundedness }, overall, reasons)
}

function relevanceAndParts(
  exchange: Exchange,
  features: RelevanceFeatures,
  retrieval: readonly number[] | undefined,
  closeness: Closeness | undefined,
  reasons: RulesReason[],
): { relevance: number; completeness: number; unanswered: number } {
  // Nothing was asked, so nothing is missed.
  if (!HAS_CONTENT.test(exchange.question)) return { relevance: 1, completeness: 1, unanswered: 0 }
  if (exchange.sources.units.length === 0) {
    const relevance = relevanceWithoutSources(exchange)
    if (relevance < LOW) reasons.push('off_topic')
    return { relevance, completeness: relevance, unanswered: 0 }
  }
  const { relevance, topic } = relevanceOf(features, retrieval, closeness)
  if (relevance < LOW) reasons.push(topic < LOW ? 'off_topic' : 'beside_the_question')
  if (features.typeDiffers && relevance < LOW) reasons.push('wrong_kind_of_answer')
  const { parts, answered } = answeredParts(exchange)
  const unanswered = parts < 2 ? 0 : 1 - answered / parts
  if (unanswered > 0) reasons.push('part_not_answered')
  return { relevance, completeness: relevance * (1 - unanswered), unanswered }
}

function coherenceOf({ read, whole, question, terms, sources }: Exchange, lang: string | undefined, reasons: RulesReason[]): number {
  const asked = new Set(terms.flatMap(({ keys }) => keys))
  const faults = incoherences(read, whole, asked)
  const isForeign = isWrongLanguage(whole, lang, question, read, (key) => asked.has(key) || sources.placesOf.has(key))
  if (isForeign) reasons.push('wrong_language')
  reasons.push(...faults)
  return faults.reduce((kept, fault) => kept * COHERENCE_KEPT[fault], isForeign ? WRONG_LANGUAGE_KEPT : 1)
}

function scored(scores: Scores, overall: number, reasons: readonly RulesReason[]): Scored {
  const own = [...new Set(reasons)].slice(0, REASONS_MAX)
  return {
    scores: {
      relevance: rounded(scores.relevance),
      completeness: rounded(scores.completeness),
      coherence: rounded(scores.coherence),
      groundedness: scores.groundedness === null ? null : rounded(scores.groundedness),
    },
    overall: rounded(overall),
    reasons: own,
    suggestions: own.map((reason) => SUGGESTIONS[reason]),
  }
}

const rounded = (score: number): number => Math.round(Math.min(1, Math.max(0, score)) * 1_000) / 1_000
