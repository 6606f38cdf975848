import { type Act, ACTS } from '../../../schemas/dialogue-acts.ts'
import { type Feature, featuresOf, hasWords, normaliseTurn, type Turn } from './act-features.ts'
import { openActModel } from './act-model.ts'
import stored from './act-weights.json' with { type: 'json' }

export interface RecognisedAct {
  readonly name: Act
  /** The probability of the act by the model, from 0 to 1; among the acts that are not ruled out. */
  readonly confidence: number
  /** The signs that speak most for the act, strongest first, in words. */
  readonly because: readonly string[]
}

/** Signs that `because` names. */
const REASONS_MAX = 3

const model = openActModel(stored)

/** Version of what recognises acts. */
export const ACTS_VERSION = model.version

/**
 * The dialogue act of a user's message, in Chinese, English or both; `ACT_MEANINGS` defines the acts.
 *
 * Deterministic: the same text and turns give the same result. Reads the first `TURN_CODE_POINTS_MAX` code points of each turn and the last
 * `HISTORY_TURNS_MAX` turns. A text in another language gives an act by its length, its punctuation and the turns before, with a low
 * confidence. A text without a letter, digit or emoji is `out_of_scope` with confidence 0, except `?`, which asks what was meant.
 *
 * @param history the turns before, oldest first; without the message itself
 * @param ruledOut acts that cannot be, such as `handoff` where no person works
 * @throws RangeError if all acts are ruled out
 */
export function actOf(text: string, history: readonly Turn[] = [], ruledOut: readonly Act[] = []): RecognisedAct {
  const possible = ACTS.filter((act) => !ruledOut.includes(act))
  if (possible.length === 0) throw new RangeError('All acts are ruled out')
  const wordless = wordlessAct(text, possible)
  if (wordless !== undefined) return wordless
  const features = featuresOf(text, history)
  const scores = model.score(features)
  const scoreOf = (act: Act): number => scores[ACTS.indexOf(act)] ?? 0
  const best = possible.reduce((one, other) => (scoreOf(other) > scoreOf(one) ? other : one))
  const confidence = 1 / possible.reduce((sum, act) => sum + Math.exp(scoreOf(act) - scoreOf(best)), 0)
  return { name: best, confidence, because: reasonsFor(best, features) }
}

/** What the model knows nothing of: a message without any word. */
function wordlessAct(text: string, possible: readonly Act[]): RecognisedAct | undefined {
  const message = normaliseTurn(text)
  if (hasWords(message)) return undefined
  if (message.includes('?') && possible.includes('clarification')) {
    return { name: 'clarification', confidence: 0.5, because: ['only a question mark'] }
  }
  const name = possible.includes('out_of_scope') ? 'out_of_scope' : possible[0]
  return name === undefined ? undefined : { name, confidence: 0, because: ['no words'] }
}

function reasonsFor(act: Act, features: readonly Feature[]): string[] {
  return features
    .map((feature) => ({ name: feature.name, support: model.support(feature, act) }))
    .filter(({ support }) => support > 0)
    .sort((one, other) => other.support - one.support)
    .slice(0, REASONS_MAX)
    .map(({ name }) => name)
}
