import { createGraphBuilder, type GraphBuilder } from '../graph-builder.ts'
import type { OnnxGraph } from '../onnx.ts'
import { FREQUENT, FREQUENT_WORDS, SPECIAL, vocabulary } from './characters.ts'

export const DIMENSION = 512

/**
 * Weight of each kind of feature, tuned on Chinese passages of an encyclopaedia and English intents of customers
 * (figures: docs/decisions/0015).
 */
const WEIGHT = { word: 1.3, letters3: 0.3, letters4: 0.3, han1: 0.9, han2: 1, han3: 0.3 } as const
const FREQUENT_WORD_WEIGHT = 0.4
/** Each coordinate is raised to this power, so that a word that occurs ten times counts less than ten times as much. */
const POWER = 0.75
/** Gives a text without features a direction. It is too small to affect other texts. */
const BIAS = 1e-4

/** Hashes are numbers below 2^31, so that the product of two stays below 2^62. */
const MASK = 2 ** 31 - 1
/** Odd, and spread over 31 bits; otherwise arbitrary. */
const MULTIPLIER = {
  word: 1_540_483_477,
  mixA: 1_597_334_677,
  mixB: 1_103_515_245,
  before1: 668_265_263,
  before2: 374_761_393,
  before3: 1_181_783_497,
} as const
/** Makes hashes of different kinds of features differ. */
const SALT = { word: 101, letters3: 202, letters4: 303, han1: 404, han2: 505, han3: 606 } as const
/** A word is hashed by its last 2^5 letters. */
const WORD_DOUBLINGS = 5
const WORD_BUCKETS = 8_192

const HASH_STEPS = [
  { shift: 15, multiplier: MULTIPLIER.mixB },
  { shift: 13, multiplier: MULTIPLIER.mixA },
] as const

/** Computes the same function as the graph that `mix` builds, on plain numbers, for the table of frequent words. */
function mixed(value: bigint): bigint {
  const mask = BigInt(MASK)
  let hash = (value * BigInt(MULTIPLIER.mixA)) & mask
  for (const { shift, multiplier } of HASH_STEPS) hash = ((hash ^ (hash >> BigInt(shift))) * BigInt(multiplier)) & mask
  return hash ^ (hash >> 16n)
}

/** A word's rolling hash, as the graph computes it at the word's last letter. */
function wordHash(ids: readonly number[]): bigint {
  let hash = 0n
  for (const id of ids) hash = (hash * BigInt(MULTIPLIER.word) + BigInt(id)) & BigInt(MASK)
  return hash
}

/**
 * The graph of the built-in model. Its input is the ids of single characters. Its features are words, groups of 3 and 4 letters, and runs
 * of 1 to 3 Han (kana, Hangul…) characters. The graph hashes each feature and adds its weight, with a sign, to one coordinate ("feature
 * hashing", Weinberger et al. 2009). Frequent characters and words have a lower weight. The dot product of two texts then approximates the
 * weight of their shared features.
 */
export function lexicalGraph(): OnnxGraph {
  const { characters, firstAlphabetic } = vocabulary()
  const g = createGraphBuilder()
  const given = g.input({ name: 'input_ids', type: 'int64', dims: ['batch', 'length'] })
  const mask = g.input({ name: 'attention_mask', type: 'int64', dims: ['batch', 'length'] })

  // Pads the text with a blank on both sides, so that groups of letters at the start and end of a word include its boundary.
  const ids = g.op('Pad', [g.op('Mul', [given, mask]), g.ints([0, 1, 0, 1])])
  const atLeast = (value: number): string => g.op('Cast', [g.op('GreaterOrEqual', [ids, g.int(value)])], { to: 7 })
  const isLetter = atLeast(firstAlphabetic)
  const isHan = g.op('Sub', [atLeast(SPECIAL.length), isLetter])
  const letter = g.op('Mul', [ids, isLetter])
  const han = g.op('Mul', [ids, isHan])

  const before = (value: string, count: number): string => g.op('Pad', [value, g.ints([0, count, 0, -count])])
  const all = (...flags: string[]): string => flags.reduce((both, flag) => g.op('Mul', [both, flag]))
  const float = (value: string): string => g.op('Cast', [value], { to: 1 })
  const run = (value: string, length: number, salt: number): string => {
    const multipliers = [MULTIPLIER.before1, MULTIPLIER.before2, MULTIPLIER.before3]
    return Array.from({ length: length - 1 }, (_, index) => g.op('Mul', [before(value, index + 1), g.int(multipliers[index] ?? 1)])).reduce(
      (sum, part) => g.op('Add', [sum, part]),
      g.op('Add', [value, g.int(salt)]),
    )
  }
  const times = (weight: number, ...factors: string[]): string =>
    factors.reduce((product, factor) => g.op('Mul', [product, factor]), g.float(weight))

  const words = rollingHashes(g, letter, isLetter, before)
  const wordBefore = before(words, 1)
  const wordEnds = g.op('Mul', [g.op('Sub', [g.int(1), isLetter]), before(isLetter, 1)])
  const commonness = g.op('Gather', [
    g.tensor('float', [WORD_BUCKETS], wordWeights(characters)),
    bucket(g, mix(g, wordBefore), WORD_BUCKETS),
  ])
  const rarity = g.op('Gather', [
    g.tensor('float', [FREQUENT.length + SPECIAL.length + 1], hanWeights()),
    g.op('Min', [ids, g.int(FREQUENT.length + SPECIAL.length)]),
  ])
  const [letter1, letter2] = [before(isLetter, 1), before(isLetter, 2)]
  const [han1, han2] = [before(isHan, 1), before(isHan, 2)]
  const [rarity1, rarity2] = [before(rarity, 1), before(rarity, 2)]

  const features: readonly (readonly [hash: string, weight: string])[] = [
    [g.op('Add', [wordBefore, g.int(SALT.word)]), times(WEIGHT.word, float(wordEnds), commonness)],
    [run(letter, 3, SALT.letters3), times(WEIGHT.letters3, float(letter1))],
    [run(letter, 4, SALT.letters4), times(WEIGHT.letters4, float(all(letter1, letter2)))],
    [run(han, 1, SALT.han1), times(WEIGHT.han1, float(isHan), rarity, rarity)],
    [run(han, 2, SALT.han2), times(WEIGHT.han2, float(all(isHan, han1)), rarity, rarity1)],
    [run(han, 3, SALT.han3), times(WEIGHT.han3, float(all(isHan, han1, han2)), rarity, rarity1, rarity2)],
  ]
  const hashes = mix(
    g,
    g.op(
      'Concat',
      features.map(([hash]) => hash),
      { axis: 1 },
    ),
  )
  const weights = g.op(
    'Concat',
    features.map(([, weight]) => weight),
    { axis: 1 },
  )
  const sign = float(g.op('Sub', [g.op('Mul', [g.op('BitwiseAnd', [hashes, g.int(1)]), g.int(2)]), g.int(1)]))
  const batch = g.op('Shape', [given], { start: 0, end: 1 })
  const empty = g.op('Expand', [g.float(0), g.op('Concat', [batch, g.ints([DIMENSION])], { axis: 0 })])
  const sketch = g.op('ScatterElements', [empty, bucket(g, hashes, DIMENSION), g.op('Mul', [weights, sign])], { axis: 1, reduction: 'add' })
  const damped = g.op('Mul', [g.op('Sign', [sketch]), g.op('Pow', [g.op('Abs', [sketch]), g.float(POWER)])])
  const bias = Float32Array.from({ length: DIMENSION }, (_, index) => (index === 0 ? BIAS : 0))
  const biased = g.op('Add', [damped, g.tensor('float', [DIMENSION], bias)])
  g.output(biased, { name: 'sentence_embedding', type: 'float', dims: ['batch', DIMENSION] })
  return g.build('lexical')
}

/**
 * The hash of a word up to each of its letters: h = h' · m + letter. The graph computes all positions at once: each step doubles the
 * number of letters that a hash covers (Hillis and Steele 1986). Other characters have the factor 0, so that a hash never spans two words.
 */
function rollingHashes(g: GraphBuilder, letter: string, isLetter: string, before: (value: string, count: number) => string): string {
  const masked = (value: string): string => g.op('BitwiseAnd', [value, g.int(MASK)])
  let factor = g.op('Mul', [isLetter, g.int(MULTIPLIER.word)])
  let hash = letter
  for (let doubling = 0; doubling < WORD_DOUBLINGS; doubling++) {
    const distance = 2 ** doubling
    hash = masked(g.op('Add', [g.op('Mul', [factor, before(hash, distance)]), hash]))
    factor = masked(g.op('Mul', [factor, before(factor, distance)]))
  }
  return hash
}

/** Spreads hashes over 31 bits, so that any of the bits can choose a bucket. */
function mix(g: GraphBuilder, value: string): string {
  const times = (hash: string, multiplier: number): string => g.op('BitwiseAnd', [g.op('Mul', [hash, g.int(multiplier)]), g.int(MASK)])
  const folded = (hash: string, shift: number): string => g.op('BitwiseXor', [hash, g.op('Div', [hash, g.int(2 ** shift)])])
  const small = g.op('BitwiseAnd', [value, g.int(MASK)])
  const spread = HASH_STEPS.reduce((hash, { shift, multiplier }) => times(folded(hash, shift), multiplier), times(small, MULTIPLIER.mixA))
  return folded(spread, 16)
}

/** The bucket of a hash, out of a power of two; the lowest bit is left for the sign. */
const bucket = (g: GraphBuilder, hash: string, count: number): string =>
  g.op('BitwiseAnd', [g.op('Div', [hash, g.int(2)]), g.int(count - 1)])

/** Weights by character id: 0 for the most frequent Han character, rising with the logarithm of its rank; 1 for characters off the list. */
function hanWeights(): Float32Array {
  const weights = new Float32Array(FREQUENT.length + SPECIAL.length + 1).fill(1)
  for (const rank of FREQUENT.keys()) weights[SPECIAL.length + rank] = Math.fround(Math.log(1 + rank) / Math.log(1 + FREQUENT.length))
  return weights
}

/** Weights by the bucket of a word's hash. */
function wordWeights(characters: readonly string[]): Float32Array {
  const ids = new Map(characters.map((character, id) => [character, id]))
  const weights = new Float32Array(WORD_BUCKETS).fill(1)
  for (const word of FREQUENT_WORDS) {
    const hash = mixed(wordHash([...word].map((character) => ids.get(character) ?? 0)))
    weights[Number((hash >> 1n) & BigInt(WORD_BUCKETS - 1))] = FREQUENT_WORD_WEIGHT
  }
  return weights
}
