import { ColloquyError } from '../../../schemas/errors.ts'
import { addDecisions, confidenceOf, FALSE_OUT_OF_SCOPE, scopeShare, scopeValue } from './calibration.ts'
import { decodeModel, type IntentModel, TRAINER_VERSION } from './model-file.ts'
import { countTerms, type TermTable, textVector } from './text-vector.ts'
import { createVectorFeatures } from './vector-features.ts'

export interface FoundIntent {
  readonly name: string
  /** Probability that the message has this intent, from 0 to 1, as held-out examples had it. */
  readonly confidence: number
  /** The words of the message that speak most for the intent; else `like: …` with an example of the intent. */
  readonly because: readonly string[]
}

export interface Classification {
  /** The intents over the threshold of the set, best first; from one, so read `outOfScope` beside it, to `MESSAGE_INTENTS_MAX`. */
  readonly intents: readonly FoundIntent[]
  /** The best intents, at most `CANDIDATES_MAX`, best first. */
  readonly candidates: readonly { readonly name: string; readonly confidence: number }[]
  /** Share of the set's own held-out examples that are less certain to be in scope, from 0 to 1. */
  readonly scope: number
  /** `scope` is below `FALSE_OUT_OF_SCOPE`, or no term of the message occurs in an example and there is no vector. */
  readonly outOfScope: boolean
}

export interface IntentClassifier {
  readonly intents: readonly string[]
  /** Version of the trainer that made the set. */
  readonly version: number
  /** Dimension of the vectors that the set was trained with; 0 without. */
  readonly dimension: number
  /** Bytes of the set in memory, without the objects around it. */
  readonly bytes: number
  /**
   * Classifies a message. Only its first `TEXT_CHARACTERS_MAX` characters are read.
   *
   * @param vector of the message, by the model that embedded the examples. Default: the heads over the terms decide alone.
   * @throws ColloquyError `vector_unfit` if the set was trained without vectors, or with others.
   */
  classify(text: string, vector?: Float32Array): Classification
}

export const CANDIDATES_MAX = 5
/** Intents that one message can have. */
export const MESSAGE_INTENTS_MAX = 10
const BECAUSE_MAX = 3

/** @throws ColloquyError `model_torn`, `model_of_other_version` */
export function createIntentClassifier(bytes: Uint8Array): IntentClassifier {
  const model = decodeModel(bytes)
  const { intents, termHeads, vectorHeads, mean } = model
  const heads = termHeads.biases.length
  const table = tableOf(model)
  const features = mean.length > 0 ? createVectorFeatures(mean) : undefined

  const termDecisions = (columns: readonly number[], values: readonly number[]): Float32Array => {
    const sums = new Float32Array(heads)
    for (const [index, column] of columns.entries()) {
      const value = values[index]!
      const end = termHeads.starts[column + 1]!
      for (let at = termHeads.starts[column]!; at < end; at++) sums[termHeads.heads[at]!]! += value * termHeads.weights[at]!
    }
    return sums.map((sum, head) => sum * termHeads.scales[head]! + termHeads.biases[head]!)
  }
  const vectorDecisions = (vector: Float32Array): Float32Array => {
    if (features === undefined || vector.length !== mean.length) {
      throw new ColloquyError('vector_unfit', `the vector has ${vector.length} dimensions, the set was trained with ${mean.length}`)
    }
    const own = features.of(vector)
    return vectorHeads.biases.map((bias, head) => {
      let sum = 0
      for (let at = 0; at < own.length; at++) sum += own[at]! * vectorHeads.weights[head * own.length + at]!
      return sum * vectorHeads.scales[head]! + bias
    })
  }
  return {
    intents,
    version: TRAINER_VERSION,
    dimension: mean.length,
    bytes: bytes.length + (features === undefined ? 0 : features.count * (mean.length + 1) * 4),
    classify(text, vector) {
      const counted = countTerms(text)
      const { columns, values } = textVector(counted, table)
      const calibration = vector === undefined ? model.terms : (model.both ?? model.terms)
      const all = addDecisions(termDecisions(columns, values), vector && vectorDecisions(vector), calibration)
      const own = all.subarray(0, intents.length)
      const ranked = [...own.keys()].sort((one, other) => own[other]! - own[one]!)
      const confidence = (head: number): number => confidenceOf(own, head, calibration.confidence)
      const found = ranked.slice(0, MESSAGE_INTENTS_MAX).filter((head, rank) => rank === 0 || confidence(head) >= calibration.threshold)
      const isUnknown = columns.length === 0 && vector === undefined
      const scope = isUnknown ? 0 : scopeShare(scopeValue(all, intents.length, calibration.scope), calibration.quantiles)
      return {
        intents: found.map((head) => ({
          name: intents[head]!,
          confidence: confidence(head),
          because: because(model, head, counted, table),
        })),
        candidates: ranked.slice(0, CANDIDATES_MAX).map((head) => ({ name: intents[head]!, confidence: confidence(head) })),
        scope,
        outOfScope: scope < FALSE_OUT_OF_SCOPE,
      }
    },
  }
}

/** The table of a set: a column is found by bisection. */
function tableOf({ hashes, rarity, unknownRarity }: IntentModel): TermTable {
  return {
    rarity,
    unknownRarity,
    column(hash) {
      let [low, high] = [0, hashes.length - 1]
      while (low <= high) {
        const middle = (low + high) >>> 1
        const found = hashes[middle]!
        if (found === hash) return middle
        if (found < hash) low = middle + 1
        else high = middle - 1
      }
      return undefined
    },
  }
}

/** What speaks for an intent, by the words that a reader finds in the message: the parts of a word count for the word. */
function because(model: IntentModel, head: number, counted: ReturnType<typeof countTerms>, table: TermTable): string[] {
  const { starts, heads, weights } = model.termHeads
  const shown = new Map<string, number>()
  const known = [...counted].flatMap(([hash, term]) => {
    const column = table.column(hash)
    return column === undefined ? [] : [{ column, term }]
  })
  const { values } = textVector(counted, table)
  for (const [index, { column, term }] of known.entries()) {
    for (let at = starts[column]!; at < starts[column + 1]!; at++) {
      if (heads[at] === head) shown.set(term.shown, (shown.get(term.shown) ?? 0) + values[index]! * weights[at]!)
    }
  }
  const best = [...shown].filter(([, share]) => share > 0).sort(([, one], [, other]) => other - one)
  return best.length > 0 ? best.slice(0, BECAUSE_MAX).map(([word]) => word) : [`like: ${model.near[head]}`]
}
