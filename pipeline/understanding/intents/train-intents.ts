import { checkVectors, type IntentExample, intentsOf } from './bad-examples.ts'
import { calibrate, type Calibration, type HeldOut } from './calibration.ts'
import type { HeadOptions } from './dual-descent.ts'
import { readExamples, type Vocabulary } from './example-terms.ts'
import { assignFolds, foldsFor } from './folds.ts'
import { solveHeads } from './heads.ts'
import { encodeModel } from './model-file.ts'
import { createTermHeadPacker, createVectorHeadPacker } from './packed-heads.ts'
import { denseRows, type Rows } from './rows.ts'
import { createVectorFeatures, meanOf } from './vector-features.ts'

export interface TrainOptions {
  /** The vector of each example, all by one embedding model. Default: none; the heads are over the terms only. */
  readonly vectors?: readonly Float32Array[] | undefined
  /** Chooses the order of the solver and the folds. Default: 1. */
  readonly seed?: number
}

/** What the trainer has done: `done` of `total` steps of a stage. */
export interface TrainProgress {
  readonly stage: 'terms' | 'heads' | 'held out'
  readonly done: number
  readonly total: number
}

const TERM_COST = 1
const VECTOR_COST = 2
const TERM_HEAD = { withBayes: true, cost: TERM_COST, positiveFactor: 1, tolerance: 0.3, passesMax: 60 }
const VECTOR_HEAD = { withBayes: false, cost: VECTOR_COST, positiveFactor: 1, tolerance: 0.2, passesMax: 30 }
/** Texts that are read between two yields. */
const TEXTS_PER_STEP = 250
/** Examples out of scope from which a head learns them. */
const OUTSIDE_EXAMPLES_MIN = 20
const NEAR_CHARACTERS_MAX = 80

interface HeadKind extends Omit<HeadOptions, 'seed'> {
  /** Whether a naive Bayes classifier is added, which needs values that are not negative. */
  readonly withBayes: boolean
}

interface Task {
  readonly intents: readonly string[]
  readonly examples: readonly IntentExample[]
  /** Columns of the intents of each example. */
  readonly truths: readonly (readonly number[])[]
  readonly hasOutside: boolean
  readonly folds: Uint8Array
  readonly foldCount: number
  readonly seed: number
}

/**
 * Trains the intents of a set. It yields between steps of some milliseconds, up to a second in a large set, so that its thread can stop.
 *
 * The same examples in any order give the same bytes. Equal examples count once. Examples that contradict each other stay: the confidence
 * of such texts is low.
 *
 * @returns the bytes that `createIntentClassifier` reads.
 * @throws ColloquyError as `intentsOf` does; `vectors_unfit`.
 */
export function* trainIntents(examples: readonly IntentExample[], options: TrainOptions = {}): Generator<TrainProgress, Uint8Array, void> {
  const intents = intentsOf(examples)
  checkVectors(examples.length, options.vectors)
  const { sorted, vectors } = sortExamples(examples, options.vectors)
  const columns = new Map(intents.map((intent, column) => [intent, column]))
  const truths = sorted.map((example) => example.intents.map((intent) => columns.get(intent) ?? 0))
  const seed = options.seed ?? 1
  const task: Task = {
    intents,
    examples: sorted,
    truths,
    hasOutside: truths.filter((truth) => truth.length === 0).length >= OUTSIDE_EXAMPLES_MIN,
    folds: assignFolds(
      sorted.map((example) => example.intents),
      seed,
    ),
    foldCount: foldsFor(sorted.length),
    seed,
  }
  const reading = readExamples(
    sorted.map(({ text }) => text),
    TEXTS_PER_STEP,
  )
  let read = reading.next()
  for (; read.done !== true; read = reading.next()) yield { stage: 'terms', done: read.value, total: 2 * sorted.length }
  const { vocabulary, rows } = read.value
  const heads = intents.length + (task.hasOutside ? 1 : 0)

  const order = hashOrder(vocabulary)
  const termPacker = createTermHeadPacker(heads, rows.columns, order.placeOf)
  yield* solveAll(task, rows, TERM_HEAD, termPacker.add)
  const terms = yield* holdOut(task, rows, TERM_HEAD)

  const mean = meanOf(vectors ?? [])
  const vectorRows = vectors === undefined ? undefined : featuresOf(vectors, mean)
  const vectorPacker = createVectorHeadPacker(heads, vectorRows?.columns ?? 0)
  if (vectorRows !== undefined) yield* solveAll(task, vectorRows, VECTOR_HEAD, vectorPacker.add)
  const held = vectorRows === undefined ? undefined : yield* holdOut(task, vectorRows, VECTOR_HEAD)

  const heldOut = { terms: terms.values, truths: terms.rows.map((row) => truths[row]!), intents: intents.length }
  const both: Calibration | undefined = held && calibrate({ ...heldOut, vectors: held.values } satisfies HeldOut)
  return encodeModel({
    intents,
    near: nearExamples(task, terms),
    hasOutside: task.hasOutside,
    unknownRarity: vocabulary.unknownRarity,
    terms: calibrate({ ...heldOut, vectors: undefined }),
    ...(both !== undefined && { both }),
    hashes: vocabulary.hashes.slice().sort(),
    rarity: Float32Array.from(order.columns, (column) => vocabulary.rarity[column]!),
    termHeads: termPacker.pack(),
    mean,
    vectorHeads: vectorPacker.pack(),
  })
}

/** Trains without a pause. @returns as `trainIntents` does */
export function trainIntentsNow(examples: readonly IntentExample[], options: TrainOptions = {}): Uint8Array {
  const training = trainIntents(examples, options)
  let step = training.next()
  while (step.done !== true) step = training.next()
  return step.value
}

function sortExamples(
  examples: readonly IntentExample[],
  vectors: readonly Float32Array[] | undefined,
): { sorted: IntentExample[]; vectors: Float32Array[] | undefined } {
  const byKey = new Map(
    examples.map(({ text, intents }, index) => {
      const own = [...new Set(intents)].sort()
      return [JSON.stringify([text, own]), { text, intents: own, vector: vectors?.[index] }]
    }),
  )
  const sorted = [...byKey].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, example]) => example)
  return { sorted, vectors: vectors === undefined ? undefined : sorted.map(({ vector }) => vector ?? new Float32Array()) }
}

/** The trainer has the most frequent terms first, the file has them by their hash. */
function hashOrder({ hashes }: Vocabulary): { columns: Uint32Array; placeOf: Uint32Array } {
  const columns = Uint32Array.from(hashes.keys()).sort((one, other) => hashes[one]! - hashes[other]!)
  const placeOf = new Uint32Array(columns.length)
  for (const [place, column] of columns.entries()) placeOf[column] = place
  return { columns, placeOf }
}

function featuresOf(vectors: readonly Float32Array[], mean: Float32Array): Rows {
  const features = createVectorFeatures(mean)
  return denseRows(
    vectors.map((vector) => features.of(vector)),
    features.count,
  )
}

const headsOf = ({ intents, hasOutside }: Task): number => intents.length + (hasOutside ? 1 : 0)

/** Whether an example is one of a head: of its intent, or, for the head behind the last intent, of none. */
const isMember = ({ truths, intents }: Task, row: number, head: number): boolean =>
  head === intents.length ? truths[row]!.length === 0 : truths[row]!.includes(head)

function* solveAll(
  task: Task,
  rows: Rows,
  options: HeadKind,
  add: (head: number, weights: Float32Array) => void,
): Generator<TrainProgress, void, void> {
  const total = headsOf(task)
  const solving = solveHeads(
    rows,
    total,
    (row, head) => isMember(task, row, head),
    () => true,
    { ...options, seed: task.seed },
    add,
    options.withBayes,
  )
  for (const done of solving) yield { stage: 'heads', done, total }
}

interface HeldOutValues {
  readonly rows: number[]
  readonly values: Float32Array[]
}

/** Decision values of examples by heads that have not seen them. An intent with no other example cannot be judged. */
function* holdOut(task: Task, rows: Rows, options: HeadKind): Generator<TrainProgress, HeldOutValues, void> {
  const { folds, foldCount, truths, seed } = task
  const heads = headsOf(task)
  const all: HeldOutValues = { rows: [], values: [] }
  for (let fold = 0; fold < foldCount; fold++) {
    const taught = new Set(truths.flatMap((truth, row) => (folds[row] === fold ? [] : truth)))
    const held = truths.flatMap((truth, row) => (folds[row] === fold && truth.every((intent) => taught.has(intent)) ? [row] : []))
    const values = held.map(() => new Float32Array(heads))
    const decide = (head: number, weights: Float32Array): void => {
      const bias = weights[rows.columns]!
      for (const [index, row] of held.entries()) values[index]![head] = rows.dot(row, weights) + bias
    }
    const solving = solveHeads(
      rows,
      heads,
      (row, head) => isMember(task, row, head),
      (row) => folds[row] !== fold,
      { ...options, seed },
      decide,
      options.withBayes,
    )
    for (const done of solving) yield { stage: 'held out', done: fold * heads + done, total: foldCount * heads }
    all.rows.push(...held)
    all.values.push(...values)
  }
  return all
}

/** The example of each intent that its head is surest of, among the held-out ones; else its first. */
function nearExamples({ intents, examples, truths }: Task, { rows, values }: HeldOutValues): string[] {
  const best = intents.map(() => ({ text: '', value: -Infinity }))
  const consider = (row: number, value: (intent: number) => number): void => {
    for (const intent of truths[row]!) {
      if (best[intent]!.text === '' || value(intent) > best[intent]!.value)
        best[intent] = { text: examples[row]!.text, value: value(intent) }
    }
  }
  for (const [index, row] of rows.entries()) consider(row, (intent) => values[index]![intent]!)
  for (const row of truths.keys()) consider(row, () => -Infinity)
  return best.map(({ text }) => text.slice(0, NEAR_CHARACTERS_MAX).toWellFormed())
}
