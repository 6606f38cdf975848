import { fileURLToPath } from 'node:url'
import type { TaskCall } from '../../../actors/definition/task-definition.ts'
import { readExampleFile } from '../../../pipeline/ingest/intents/example-file.ts'
import { createIntentClassifier } from '../../../pipeline/understanding/intents/intent-classifier.ts'
import { trainIntentsNow } from '../../../pipeline/understanding/intents/train-intents.ts'
import { createUnderstanding } from '../../../pipeline/understanding/understand.ts'
import { tenantSettingsOf } from '../../../schemas/tenant-settings.ts'

export const DEMO_INTENTS = fileURLToPath(new URL('../intents.jsonl', import.meta.url))

/** Trains the demo's set, by words alone, and understands messages by it. Takes about 2 seconds. */
export async function understandByDemoSet(): Promise<TaskCall<unknown>['understand']> {
  const { examples } = await readExampleFile(DEMO_INTENTS)
  const classifier = createIntentClassifier(trainIntentsNow(examples))
  const set = { classifier, version: 1, name: 'trained-with-the-demo', vectors: null, facts: new Map() }
  const understand = createUnderstanding({
    tenants: { of: () => Promise.resolve({ version: 0, seq: 0, settings: tenantSettingsOf({}), set: {} }) },
    sets: { of: () => Promise.resolve(set) },
    vectors: { fingerprint: () => Promise.resolve(null), of: () => Promise.resolve({ fingerprint: null }) },
  })
  return (query) => understand('demo', query)
}
