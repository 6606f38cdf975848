import { readExchange } from '../../pipeline/quality/rules/exchange.ts'
import { groundednessOf } from '../../pipeline/quality/rules/grounding.ts'
import { relevanceFeatures, relevanceOf } from '../../pipeline/quality/rules/relevance.ts'
import { logitOf, PLACE, RETRIEVAL, TOPIC, type Weights } from '../../pipeline/quality/rules/weights.ts'
import { fitLogistic } from '../../pipeline/understanding/intents/logistic.ts'
import { qualityFigures } from './measure-quality.ts'
import { QUALITY_LANGUAGES, type QualityExample, readQualitySet, readSupportSet } from './quality-sets.ts'

/**
 * `node bench/eval/fit-quality.ts [folder]` fits the weights of `pipeline/quality/rules/weights.ts` and prints them, with figures by
 * cross-validation: each answer is scored by weights that were fitted without its passage. The same data give the same weights.
 */
const FOLDS = 5
/** Steps from a question to the one whose passage it is asked of, where it does not belong. */
const FAR = 311

interface Row {
  readonly example: QualityExample
  readonly isPublic: boolean
  readonly fold: number
  readonly topic: Readonly<Record<string, number>>
  readonly place: Readonly<Record<string, number>>
  readonly groundedness: number
}
interface Models {
  readonly topic: Weights
  readonly place: Weights
  readonly retrieval: Weights
}

function rowsOf(examples: readonly QualityExample[], isPublic: boolean, groupOf: (example: QualityExample) => string): Row[] {
  const groups = [...new Set(examples.map(groupOf))]
  return examples.map((example) => {
    const exchange = readExchange(example.query, example.response, example.context)
    const { topic, place } = relevanceFeatures(exchange)
    const { score } = groundednessOf(exchange.grounded)
    return { example, isPublic, fold: groups.indexOf(groupOf(example)) % FOLDS, topic, place, groundedness: score }
  })
}

/** Right answers to other questions, with their passages: well grounded, and off the topic. */
function foreignTo(set: readonly QualityExample[]): QualityExample[] {
  const right = set.filter(({ label }) => label === 1)
  return right.map((example, index) => {
    const { response, context } = right[(index + FAR) % right.length]!
    return { ...example, response, context, label: 0, kind: 'foreign' }
  })
}

function fitOne(names: readonly string[], rows: readonly Row[], kinds: readonly string[], valuesOf: (row: Row) => Readonly<Record<string, number>>): Weights {
  const used = rows.filter(({ example }) => kinds.includes(example.kind))
  const points = used.map((row) => names.map((name) => valuesOf(row)[name] ?? 0))
  const weights = fitLogistic(
    points,
    used.map(({ example }) => example.label === 1),
  )
  const rounded = weights.map((weight) => Number(weight.toPrecision(3)))
  return { features: Object.fromEntries(names.map((name, index) => [name, rounded[index]!])), constant: rounded[names.length]! }
}

function fitAll(rows: readonly Row[]): Models {
  const topic = fitOne(Object.keys(TOPIC.features), rows, ['right', 'foreign', 'other'], (row) => row.topic)
  const own = rows.filter(({ isPublic }) => !isPublic)
  return {
    topic,
    place: fitOne(
      Object.keys(PLACE.features),
      rows.filter(({ isPublic }) => isPublic),
      ['right', 'beside'],
      (row) => row.place,
    ),
    retrieval: fitOne(Object.keys(RETRIEVAL.features), own, ['right', 'other'], (row) => ({
      topic: logitOf(topic, row.topic),
      score: row.example.retrieval?.[0] ?? 0,
    })),
  }
}

const rows: Row[] = []
for (const lang of QUALITY_LANGUAGES) {
  const set = await readQualitySet(lang, process.argv[2])
  if (set === undefined) throw new Error('quality-xquad-*-dev.jsonl.gz are missing; name the folder that has them')
  rows.push(...rowsOf([...set, ...foreignTo(set)], true, ({ query }) => set.find((example) => example.query === query)?.context[0] ?? ''))
  // Two questions of one article follow each other.
  const own = await readSupportSet(lang)
  rows.push(...rowsOf(own, false, ({ query }) => own.find((example) => example.query === query)?.context[0] ?? ''))
}

const scores = new Map<Row, number>()
for (let fold = 0; fold < FOLDS; fold++) {
  const models = fitAll(rows.filter((row) => row.fold !== fold))
  for (const row of rows.filter((one) => one.fold === fold)) {
    scores.set(row, relevanceOf(row, row.example.retrieval, 0, models).relevance * row.groundedness)
  }
}
for (const lang of QUALITY_LANGUAGES) {
  for (const isPublic of [true, false]) {
    const part = rows.filter(({ example, ...row }) => example.lang === lang && row.isPublic === isPublic && example.kind !== 'foreign')
    const figures = qualityFigures(
      part.map(({ example }) => example),
      part.map((row) => scores.get(row) ?? 0),
    )
    const text = Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(3)}`)
    process.stdout.write(`cross-validated, ${isPublic ? 'xquad' : 'support'}-${lang}: ${text.join(', ')}\n`)
  }
}
process.stdout.write(`${JSON.stringify(fitAll(rows), undefined, 2)}\n`)
