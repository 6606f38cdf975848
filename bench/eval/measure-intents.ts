import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import type { IntentExample } from '../../pipeline/understanding/intents/bad-examples.ts'
import { FALSE_OUT_OF_SCOPE } from '../../pipeline/understanding/intents/calibration.ts'
import { type Classification, createIntentClassifier } from '../../pipeline/understanding/intents/intent-classifier.ts'
import { trainIntentsNow } from '../../pipeline/understanding/intents/train-intents.ts'
import type { IntentSet } from './intent-sets.ts'

/** Figures of a set by their name. A share is from 0 to 1; those that a set has no examples for are missing. */
export type IntentFigures = Readonly<Record<string, number | undefined>>

const GROUP = 512
const MB = 1024 * 1024

interface Measured {
  readonly example: IntentExample
  readonly found: Classification
  readonly tookMs: number
}

/** Trains a set with the trainer of production and classifies its test part. @param embedder default: no model */
export async function measureIntents({ train, test }: IntentSet, embedder?: LocalEmbedder): Promise<IntentFigures> {
  const vectors = embedder && (await embedAll(train, embedder))
  const testVectors = embedder && (await embedAll(test, embedder))
  const before = process.cpuUsage()
  const bytes = trainIntentsNow(train, { vectors })
  const { user, system } = process.cpuUsage(before)
  const classifier = createIntentClassifier(bytes)
  const all = test.map((example, index): Measured => {
    const from = performance.now()
    const found = classifier.classify(example.text, testVectors?.[index])
    return { example, found, tookMs: performance.now() - from }
  })
  const times = all.map(({ tookMs }) => tookMs).sort((one, other) => one - other)
  const inScope = all.filter(({ example }) => example.intents.length > 0)
  return {
    ...qualityOf(inScope),
    ...scopeOf(
      inScope,
      all.filter(({ example }) => example.intents.length === 0),
    ),
    'training, CPU s': (user + system) / 1e6,
    'classify p50, ms': times[Math.floor(times.length * 0.5)],
    'classify p99, ms': times[Math.floor(times.length * 0.99)],
    'memory, MB': classifier.bytes / MB,
  }
}

async function embedAll(examples: readonly IntentExample[], embedder: LocalEmbedder): Promise<Float32Array[]> {
  const vectors: Float32Array[] = []
  for (let from = 0; from < examples.length; from += GROUP) {
    vectors.push(
      ...(await embedder.embed(
        examples.slice(from, from + GROUP).map(({ text }) => text),
        'passage',
      )),
    )
  }
  return vectors
}

function qualityOf(inScope: readonly Measured[]): IntentFigures {
  const counts = new Map<string, { right: number; given: number; wanted: number }>()
  const countsOf = (name: string): { right: number; given: number; wanted: number } => {
    const known = counts.get(name) ?? { right: 0, given: 0, wanted: 0 }
    counts.set(name, known)
    return known
  }
  let [first, whole] = [0, 0]
  for (const { example, found } of inScope) {
    const wanted = new Set(example.intents)
    const given = found.intents.map(({ name }) => name)
    for (const name of wanted) countsOf(name).wanted += 1
    for (const name of given) countsOf(name).given += 1
    for (const name of given) if (wanted.has(name)) countsOf(name).right += 1
    if (wanted.has(given[0] ?? '')) first += 1
    if (given.length === wanted.size && given.every((name) => wanted.has(name))) whole += 1
  }
  const all = [...counts.values()]
  const f1 = (of: readonly { right: number; given: number; wanted: number }[]): number =>
    (2 * sum(of.map(({ right }) => right))) / Math.max(1, sum(of.map(({ given, wanted }) => given + wanted)))
  return {
    accuracy: first / inScope.length,
    'whole set right': whole / inScope.length,
    'micro-F1': f1(all),
    'macro-F1': sum(all.map((one) => f1([one]))) / Math.max(1, all.length),
  }
}

/** At exactly 5 % false by a threshold chosen on the part itself, as published figures have it; then by the threshold that was learned. */
function scopeOf(inScope: readonly Measured[], outside: readonly Measured[]): IntentFigures {
  const scopes = inScope.map(({ found }) => found.scope).sort((one, other) => one - other)
  const threshold = scopes[Math.floor(scopes.length * FALSE_OUT_OF_SCOPE)] ?? 0
  const refused = (of: readonly Measured[]): number => of.filter(({ found }) => found.outOfScope).length / of.length
  return {
    'out-of-scope recall':
      outside.length === 0 ? undefined : outside.filter(({ found }) => found.scope < threshold).length / outside.length,
    'out-of-scope recall, learned': outside.length === 0 ? undefined : refused(outside),
    'false out of scope, learned': refused(inScope),
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
