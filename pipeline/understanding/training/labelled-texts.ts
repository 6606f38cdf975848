import { OUT_OF_SCOPE } from '../../../schemas/intent-events.ts'
import type { IntentExample } from '../intents/bad-examples.ts'
import type { Examples } from '../taught/taught-set.ts'

/** Each text once, with all intents that have it as an example; without any where it is out of scope. */
export function labelledTexts(examples: Examples): IntentExample[] {
  const byText = new Map<string, string[]>()
  for (const [intent, texts] of examples) {
    for (const text of texts) {
      const known = byText.get(text) ?? []
      if (intent !== OUT_OF_SCOPE) known.push(intent)
      byText.set(text, known)
    }
  }
  return [...byText].map(([text, intents]) => ({ text, intents }))
}
