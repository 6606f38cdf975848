import { basename } from 'node:path'
import { localQuestionVectors, type QuestionVectors } from '../../pipeline/embedding/question-vectors.ts'
import { questionCloseness } from '../../pipeline/quality/question-closeness.ts'
import type { Closeness } from '../../pipeline/quality/rules/closeness.ts'
import { readExchange } from '../../pipeline/quality/rules/exchange.ts'
import { groundednessOf } from '../../pipeline/quality/rules/grounding.ts'
import { relevanceFeatures, type RelevanceModels, relevanceOf } from '../../pipeline/quality/rules/relevance.ts'
import { logitOf, PLACE, PLACE_BY_MEANING, RETRIEVAL, TOPIC, TOPIC_BY_MEANING, type Weights } from '../../pipeline/quality/rules/weights.ts'
import { fitLogistic } from '../../pipeline/understanding/intents/logistic.ts'
import { modelFolders, openEmbedder } from './eval-models.ts'
import { qualityFigures } from './measure-quality.ts'
import { QUALITY_LANGUAGES, type QualityExample, readQualitySet, readSupportSet } from './quality-sets.ts'

/**
 * `node bench/eval/fit-quality.ts [data] [models]` fits the weights of `pipeline/quality/rules/weights.ts` and prints them, with figures by
 * cross-validation: each answer is scored by weights that were fitted without its passage.
 * The same data give the same weights. The folders are `../shared/data` and `../shared/models` by default.
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
  /** By each model of the language. */
  readonly closeness: readonly Closeness[]
}

async function rowsOf(
  examples: readonly QualityExample[],
  isPublic: boolean,
  models: readonly QuestionVectors[],
  groupOf: (example: QualityExample) => string,
): Promise<Row[]> {
  const groups = [...new Set(examples.map(groupOf))]
  const found: Row[] = []
  for (const example of examples) {
    const exchange = readExchange(example.query, example.response, example.context)
    const { topic, place, meeting } = relevanceFeatures(exchange)
    const closeness = await Promise.all(models.map((vectors) => questionCloseness(vectors, exchange, meeting.own)))
    found.push({
      example,
      isPublic,
      fold: groups.indexOf(groupOf(example)) % FOLDS,
      topic,
      place,
      groundedness: groundednessOf(exchange.grounded).score,
      closeness: closeness.filter((one) => one !== undefined),
    })
  }
  return found
}

/** Right answers to other questions, with their passages: well grounded, and off the topic. */
function foreignTo(set: readonly QualityExample[]): QualityExample[] {
  const right = set.filter(({ label }) => label === 1)
  return right.map((example, index) => {
    const { response, context } = right[(index + FAR) % right.length]!
    return { ...example, response, context, label: 0, kind: 'foreign' }
  })
}

/** One point of a fit, by the names of its values. */
interface Point {
  readonly values: Readonly<Record<string, number>>
  readonly isRight: boolean
}

function fitOne(like: Weights, points: readonly Point[]): Weights {
  const names = Object.keys(like.features)
  const weights = fitLogistic(
    points.map(({ values }) => names.map((name) => values[name] ?? 0)),
    points.map(({ isRight }) => isRight),
  )
  const rounded = weights.map((weight) => Number(weight.toPrecision(3)))
  return { features: Object.fromEntries(names.map((name, index) => [name, rounded[index]!])), constant: rounded[names.length]! }
}

function fitAll(rows: readonly Row[]): RelevanceModels {
  const pointsOf = (kinds: readonly string[], isWanted: (row: Row) => boolean, valuesOf: (row: Row) => Point['values'][]): Point[] =>
    rows
      .filter((row) => kinds.includes(row.example.kind) && isWanted(row))
      .flatMap((row) => valuesOf(row).map((values) => ({ values, isRight: row.example.label === 1 })))
  const aside = ['right', 'foreign', 'other']
  const topic = fitOne(
    TOPIC,
    pointsOf(
      aside,
      () => true,
      (row) => [row.topic],
    ),
  )
  const retrieval = fitOne(
    RETRIEVAL,
    pointsOf(
      aside,
      ({ isPublic }) => !isPublic,
      (row) => [{ topic: logitOf(topic, row.topic), score: scoreOf(row) ?? 0 }],
    ),
  )
  const place = fitOne(
    PLACE,
    pointsOf(
      ['right', 'beside'],
      ({ isPublic }) => isPublic,
      (row) => [row.place],
    ),
  )
  const lexical = (row: Row): number => {
    const [about, score] = [logitOf(topic, row.topic), scoreOf(row)]
    return score === undefined ? about : Math.max(about, logitOf(retrieval, { topic: about, score }))
  }
  const topicByMeaning = fitOne(
    TOPIC_BY_MEANING,
    pointsOf(
      aside,
      () => true,
      (row) => row.closeness.map((close) => ({ topic: lexical(row), ...close })),
    ),
  )
  const placeByMeaning = fitOne(
    PLACE_BY_MEANING,
    pointsOf(
      ['right', 'beside'],
      ({ isPublic }) => isPublic,
      (row) => row.closeness.map((close) => ({ place: logitOf(place, row.place), ...close })),
    ),
  )
  return { topic, retrieval, place, topicByMeaning, placeByMeaning }
}

const scoreOf = ({ example }: Row): number | undefined => example.retrieval?.[0]

const modelsFrom = process.argv[3] === undefined ? undefined : [process.argv[3]]
await using open = new AsyncDisposableStack()
const rows: Row[] = []
for (const lang of QUALITY_LANGUAGES) {
  const set = await readQualitySet(lang, process.argv[2])
  if (set === undefined) throw new Error('quality-xquad-*-dev.jsonl.gz are missing; name the folder that has them')
  const models: QuestionVectors[] = []
  for (const folder of modelFolders(lang, modelsFrom)) {
    const embedder = await openEmbedder(folder, open)
    models.push(localQuestionVectors(() => embedder))
  }
  const passages = new Map(set.map(({ query, context }) => [query, context[0] ?? '']))
  rows.push(...(await rowsOf([...set, ...foreignTo(set)], true, models, ({ query }) => passages.get(query) ?? '')))
  const own = await readSupportSet(lang)
  const articles = new Map(own.filter(({ kind }) => kind === 'right').map(({ query, context }) => [query, context[0] ?? '']))
  rows.push(...(await rowsOf(own, false, models, ({ query }) => articles.get(query) ?? '')))
}

const scores = new Map<Row, number[]>()
for (let fold = 0; fold < FOLDS; fold++) {
  const models = fitAll(rows.filter((row) => row.fold !== fold))
  for (const row of rows.filter((one) => one.fold === fold)) {
    const by = [undefined, ...row.closeness].map(
      (close) => relevanceOf(row, row.example.retrieval, close, models).relevance * row.groundedness,
    )
    scores.set(row, by)
  }
}
for (const lang of QUALITY_LANGUAGES) {
  for (const isPublic of [true, false]) {
    const part = rows.filter((row) => row.example.lang === lang && row.isPublic === isPublic && row.example.kind !== 'foreign')
    for (const [by, model] of ['no model', ...modelFolders(lang, modelsFrom)].entries()) {
      const figures = qualityFigures(
        part.map(({ example }) => example),
        part.map((row) => scores.get(row)?.[by] ?? 0),
      )
      const text = Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(3)}`)
      process.stdout.write(`cross-validated, ${isPublic ? 'xquad' : 'support'}-${lang}, ${basename(model)}: ${text.join(', ')}\n`)
    }
  }
}
process.stdout.write(`${JSON.stringify(fitAll(rows), undefined, 2)}\n`)
