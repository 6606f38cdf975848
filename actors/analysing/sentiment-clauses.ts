import { hashOf } from './hashed-weights.ts'
import { entryAt } from './sentiment-lexicon.ts'

/** What a token is by the lexicon; a word of several tokens is marked at its first one. */
export interface Mark {
  /** The hash of the word. */
  readonly name: number
  /** How much it judges, after negations and intensifiers; `undefined` where it judges nothing. */
  readonly value: number | undefined
  readonly isNegated: boolean
}

/** What the words of a text judge, by the lexicon. */
export interface ClauseScores {
  /** Sums of what speaks for and against, both from 0 on. */
  readonly positive: number
  readonly negative: number
  /** The sum by the weight of clauses: what follows a "but" outweighs what was before. */
  readonly weighted: number
  readonly first: number
  readonly last: number
  readonly afterTurn: number
  readonly emoji: number
  readonly strongest: number
  readonly hasTurn: boolean
  readonly hasCondition: boolean
  readonly hasQuestion: boolean
  /** Whether a word says neither, or both. */
  readonly hasBalance: boolean
  /** One a token. */
  readonly marks: readonly Mark[]
}

const CLAUSE_END = /^[,.!?;:\n。、]$/
/** How far a negation reaches, in Han characters; a word counts for two of them. */
const NEGATION_REACH = 8
const INTENSIFIER_TOKENS_MAX = 4
/** What joins a word to one under a negation. */
const JOINS = /^(and|or|nor|和|或|跟|与|又|也)$/
const WORD = /^[a-z]/
const [INTENSIFIED, DIMINISHED] = [1.4, 0.6]
/** Not good is bad; not bad is not quite good. */
const [NEGATED_POSITIVE, NEGATED_NEGATIVE] = [-0.9, -0.5]
const [TURN_WEIGHT, BEFORE_TURN_WEIGHT, CONCESSION_WEIGHT, CONDITION_WEIGHT] = [1.4, 0.6, 0.4, 0.6]

interface Clause {
  sum: number
  weight: number
  readonly isAfterTurn: boolean
}

/** Weighs the words of a text by the lexicon, clause by clause. */
export function scoreClauses(tokens: readonly string[]): ClauseScores {
  const marks: Mark[] = []
  const clauses: Clause[] = []
  let clause: Clause = { sum: 0, weight: 1, isAfterTurn: false }
  let [positive, negative, emoji, strongest] = [0, 0, 0, 0]
  let [hasTurn, hasCondition, hasBalance] = [false, false, false]
  let hasQuestion = entryAt(['^', ...tokens.slice(0, 3)], 0)?.[0].role === 'question'
  let [reach, isNever, intensity, intensityUntil] = [0, false, 1, -1]
  const begin = (isAfterTurn: boolean): void => {
    clauses.push(clause)
    clause = { sum: 0, weight: 1, isAfterTurn }
    reach = 0
    intensityUntil = -1
  }
  for (let at = 0; at < tokens.length;) {
    const token = tokens[at] ?? ''
    if (CLAUSE_END.test(token)) {
      marks.push({ name: 0, value: undefined, isNegated: false })
      if (clause.sum !== 0 || token !== ',') begin(clause.isAfterTurn && token === ',')
      at += 1
      continue
    }
    const found = entryAt(tokens, at)
    const length = found?.[1] ?? 1
    if (found?.[0].role === 'degree') {
      if (isNever) reach = 0
      intensity = INTENSIFIED
      intensityUntil = at + length - 1 + INTENSIFIER_TOKENS_MAX
    }
    const isNegated = reach > 0
    reach -= WORD.test(token) ? 2 * length : length
    let value: number | undefined
    if (found !== undefined) {
      const [{ polarity, role, isSign }] = found
      if (role === 'turn') {
        for (const earlier of clauses) earlier.weight *= BEFORE_TURN_WEIGHT
        clause.weight *= BEFORE_TURN_WEIGHT
        begin(true)
        hasTurn = true
      }
      if (role === 'concession') clause.weight *= CONCESSION_WEIGHT
      if (role === 'condition') {
        clause.weight *= CONDITION_WEIGHT
        hasCondition = true
      }
      hasQuestion ||= role === 'question'
      hasBalance ||= role === 'balance'
      if (polarity !== 0) {
        const turned = isSign || !isNegated ? polarity : polarity * (polarity > 0 ? NEGATED_POSITIVE : NEGATED_NEGATIVE)
        value = turned * (at <= intensityUntil && !isSign ? intensity : 1)
        clause.sum += value
        if (value > 0) positive += value
        else negative -= value
        if (isSign) emoji += value
        if (Math.abs(value) > Math.abs(strongest)) strongest = value
        if (isNegated && !isSign && !JOINS.test(tokens[at + length] ?? '')) reach = 0
      }
      if (role === 'negation' || role === 'never') {
        reach = isNegated && polarity === 0 ? 0 : NEGATION_REACH
        isNever = role === 'never'
      }
      if (role === 'intensifier' || role === 'diminisher') {
        intensity = role === 'intensifier' ? INTENSIFIED : DIMINISHED
        intensityUntil = at + length - 1 + INTENSIFIER_TOKENS_MAX
      }
    }
    const name = value === undefined ? 0 : hashOf(tokens.slice(at, at + length).join(' '))
    marks.push({ name, value, isNegated })
    for (let more = 1; more < length; more += 1) marks.push({ name: 0, value: undefined, isNegated })
    at += length
  }
  clauses.push(clause)
  const sumOf = (some: readonly Clause[]): number =>
    some.reduce((sum, one) => sum + one.sum * (one.isAfterTurn ? TURN_WEIGHT : 1) * one.weight, 0)
  const judging = clauses.filter(({ sum }) => sum !== 0)
  return {
    positive,
    negative,
    weighted: sumOf(clauses),
    first: judging[0]?.sum ?? 0,
    last: judging.at(-1)?.sum ?? 0,
    afterTurn: sumOf(clauses.filter(({ isAfterTurn }) => isAfterTurn)),
    emoji,
    strongest: Math.max(-2, Math.min(2, Math.round(strongest))),
    hasTurn,
    hasCondition,
    hasQuestion,
    hasBalance,
    marks,
  }
}
