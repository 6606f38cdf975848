import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import type { IntentExample } from '../../pipeline/understanding/intents/bad-examples.ts'
import { FALSE_OUT_OF_SCOPE } from '../../pipeline/understanding/intents/calibration.ts'
import { createIntentClassifier } from '../../pipeline/understanding/intents/intent-classifier.ts'
import { intentMetrics, type Judged } from '../../pipeline/understanding/intents/intent-metrics.ts'
import { trainIntentsNow } from '../../pipeline/understanding/intents/train-intents.ts'
import type { IntentSet } from './intent-sets.ts'

/** Figures of a set by their name. A share is from 0 to 1; those that a set has no examples for are missing. */
export type IntentFigures = Readonly<Record<string, number | undefined>>

const GROUP = 512
const MB = 1024 * 1024

interface Measured extends Judged {
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
  const metrics = intentMetrics(all)
  return {
    accuracy: metrics.accuracy,
    'whole set right': metrics.wholeSet,
    'micro-F1': metrics.microF1,
    'macro-F1': metrics.macroF1,
    // By a threshold chosen on the part itself, as published figures have it; then by the threshold that was learned.
    'out-of-scope recall': metrics.scopeCurve.find(({ falseShare }) => falseShare === FALSE_OUT_OF_SCOPE)?.recall,
    'out-of-scope recall, learned': metrics.refusedOutside ?? undefined,
    'false out of scope, learned': metrics.refusedInScope,
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
