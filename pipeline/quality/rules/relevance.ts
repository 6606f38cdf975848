import { sigmoid } from '../../understanding/intents/logistic.ts'
import { isPhrase, typeFit } from './answer-type.ts'
import type { Closeness } from './closeness.ts'
import type { Exchange } from './exchange.ts'
import { meet, type Meeting } from './meeting.ts'
import { isAsked } from './question-terms.ts'
import { askedBy } from './question-type.ts'
import { logitOf, ODDS, type PLACE, RELEVANCE_MODELS, type TOPIC, type Weights } from './weights.ts'

/** What relevance is estimated from. Of each feature more is better, if its weight is positive; from −1 to 1. */
export interface RelevanceFeatures {
  /** Whether the passages are about the question. */
  readonly topic: Readonly<Record<keyof typeof TOPIC.features, number>>
  /** Whether the answer's place in them is where the question is answered. */
  readonly place: Readonly<Record<keyof typeof PLACE.features, number>>
  readonly meeting: Meeting
  readonly typeDiffers: boolean
}

export function relevanceFeatures({ question, answer, terms, read, grounded, sources }: Exchange): RelevanceFeatures {
  const asked = askedBy(question)
  const meeting = meet(terms, grounded, asked, sources, new Set(read.units.map(({ key }) => key)))
  const fit = typeFit(asked, read, answer, (unit) => isAsked(unit, terms))
  const { known, near, inSentence, rival, typed, inAnswer, evidence } = meeting
  return {
    topic: { known, evidence, near: near * known, inSentence: inSentence * known, inAnswer },
    place: {
      // Without anything to tell by, one place is as good as another.
      near: near * evidence,
      overRival: (inSentence - rival) * evidence,
      nearOverRival: (near - rival) * evidence,
      typed,
      inAnswer,
      fits: fit === 'fits' ? 1 : 0,
      differs: fit === 'differs' ? 1 : 0,
      phrase: isPhrase(read.units) ? 1 : 0,
    },
    meeting,
    typeDiffers: fit === 'differs',
  }
}

/** The probability that the passages are about the question, and that times the one that the answer's place in them is the right one. */
export interface Relevance {
  readonly topic: number
  readonly relevance: number
}

export type RelevanceModels = Readonly<Record<keyof typeof RELEVANCE_MODELS, Weights>>

/**
 * Estimates the relevance. The scores of the search can only raise it, since searches score differently.
 *
 * @param closeness default: no embedding model has been asked
 * @param models default: those of `weights.ts`; others while they are fitted
 */
export function relevanceOf(
  { topic, place }: Pick<RelevanceFeatures, 'topic' | 'place'>,
  retrieval: readonly number[] = [],
  closeness?: Closeness,
  models: RelevanceModels = RELEVANCE_MODELS,
): Relevance {
  const about = logitOf(models.topic, topic)
  const score = Math.min(1, Math.max(0, ...retrieval.filter(Number.isFinite)))
  const found = retrieval.length === 0 ? about : logitOf(models.retrieval, { topic: about, score })
  const [lexical, placed] = [Math.max(about, found), logitOf(models.place, place)]
  const byMeaning = closeness && { topic: lexical, place: placed, ...closeness }
  const onTopic = sigmoid(byMeaning ? logitOf(models.topicByMeaning, byMeaning) : lexical)
  const inPlace = sigmoid(byMeaning ? logitOf(models.placeByMeaning, byMeaning) : placed)
  return { topic: withOdds(onTopic), relevance: withOdds(onTopic * inPlace) }
}

/** A probability whose odds are multiplied by `ODDS`. */
export const withOdds = (probability: number): number => (ODDS * probability) / (1 + (ODDS - 1) * probability)
