import { hashOf } from './hashed-weights.ts'
import { type ClauseScores, type Mark, scoreClauses } from './sentiment-clauses.ts'
import { ratingIn } from './sentiment-rating.ts'
import { sentimentTokens } from './sentiment-tokens.ts'

/** @param hash of the name of the feature */
export type AddFeature = (hash: number, value: number) => void

const WORDS = /[\p{L}\p{N}\p{Extended_Pictographic}]/u
const HAN = /^\p{Script=Han}/u
const WORD = /^[\p{L}\p{N}]/u
const NUMBER = /^\d+$/
/** Letters of the start of a word that stands for its forms. */
const PREFIX_LETTERS = 5
/** What all sequences of a text weigh together, as the length of a vector. */
const SEQUENCES_WEIGHT = 0.7
const SIGNED_WEIGHT = 0.6

const [PREFIX, SIGNED, NEGATED, NUMBER_HASH] = [hashOf('prefix '), hashOf('signed '), hashOf('negated '), hashOf('0')]
const [START, END] = [hashOf('^'), hashOf('$')]

/** Gives the features of a text that a model of sentiment weighs; none where the text has no words. */
export function eachSentimentFeature(text: string, add: AddFeature): void {
  const tokens = sentimentTokens(text)
  if (!tokens.some((token) => WORDS.test(token) || token.length > 1)) return
  const scores = scoreClauses(tokens)
  addScores(scores, text, tokens, add)
  addSequences(tokens, scores.marks, add)
}

function addScores(scores: ClauseScores, text: string, tokens: readonly string[], add: AddFeature): void {
  const { positive, negative, weighted, last, first, emoji, strongest, afterTurn, hasTurn, hasCondition, hasQuestion, hasBalance } = scores
  const rating = ratingIn(text)
  const question = tokens.includes('?') ? (tokens.at(-1) === '?' ? 'ends as a question' : 'has a question') : 'no question'
  const hasExclamation = tokens.includes('!')
  const both = `${positive > 0 ? '+' : ''}${negative > 0 ? '-' : ''}`
  const direction = Math.abs(weighted) < 0.3 ? 'even' : weighted > 0 ? 'up' : 'down'
  const strength = Math.min(3, Math.floor(Math.abs(weighted)))
  const length = tokens.length <= 4 ? 'short' : tokens.length <= 14 ? 'middle' : 'long'
  const named = (name: string, value: number): void => {
    if (value !== 0) add(hashOf(name), value)
  }
  named('constant', 1)
  named('positive', squashed(positive))
  named('negative', squashed(negative))
  named('weighted', squashed(weighted) * 2)
  named('first clause', squashed(first))
  named('last clause', squashed(last))
  named('after a turn', squashed(afterTurn))
  named('emoji', squashed(emoji))
  named(`signs: ${both}`, 1)
  named(`direction: ${direction} ${strength}`, 1)
  named(`direction: ${direction}, ${question}`, 1)
  named(`direction: ${direction}, ${length}`, 0.7)
  named(`strongest: ${strongest}`, 0.7)
  named(question, 0.7)
  if (hasExclamation) named(`exclamation, ${direction}`, 0.7)
  if (hasTurn) named(`turn, ${direction}`, 0.7)
  if (hasQuestion) named(`question word, ${direction}`, 1)
  if (hasQuestion) named(`question word, ${question}`, 0.7)
  if (hasBalance) named(`balance, ${direction}`, 1)
  if (hasCondition) named(`condition, ${direction}`, 0.7)
  if (rating !== undefined) named(`rating: ${rating < 0.45 ? 'low' : rating < 0.75 ? 'middle' : 'high'}`, 2)
}

/** Between −1 and 1. */
const squashed = (value: number): number => value / (1 + Math.abs(value))

/** Words and pairs of words; one to three Han characters; words under a negation; and the words of the lexicon as they count. */
function addSequences(tokens: readonly string[], marks: readonly Mark[], add: AddFeature): void {
  const value = SEQUENCES_WEIGHT / Math.sqrt(Math.max(4, tokens.length))
  let before = START
  let beforeLast = 0
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? ''
    const mark = marks[at]
    const hash = NUMBER.test(token) ? NUMBER_HASH : hashOf(token)
    const isHan = HAN.test(token)
    add(hash, isHan ? value / 2 : value)
    add(paired(before, hash), value)
    if (isHan && beforeLast !== 0) add(paired(paired(beforeLast, before), hash), value)
    if (!isHan && token.length > PREFIX_LETTERS) add(hashOf(token.slice(0, PREFIX_LETTERS), PREFIX), value)
    if (mark?.isNegated === true && WORD.test(token)) add(paired(NEGATED, hash), value)
    if (mark?.value !== undefined) add(hashOf(mark.value > 0 ? '+' : '-', paired(SIGNED, mark.name)), SIGNED_WEIGHT * value)
    beforeLast = isHan ? before : 0
    before = hash
  }
  add(paired(before, END), value)
}

/** The hash of two names in order. */
const paired = (first: number, second: number): number => Math.imul(first ^ (second >>> 16), 0x85ebca6b) ^ Math.imul(second, 0xc2b2ae35)
