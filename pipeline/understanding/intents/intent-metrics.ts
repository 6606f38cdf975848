import type { IntentExample } from './bad-examples.ts'
import type { Classification } from './intent-classifier.ts'

/** A labelled message, and what was found in it. */
export interface Judged {
  readonly example: IntentExample
  readonly found: Pick<Classification, 'intents' | 'scope' | 'outOfScope'>
}

/** How well intents are recognised. Shares are from 0 to 1; over the messages in scope, unless it says otherwise. */
export interface IntentMetrics {
  /** Messages in scope, and out of it. */
  readonly inScope: number
  readonly outside: number
  /** The best intent is one of the labels. */
  readonly accuracy: number
  /** The same as messages are answered: one that is taken for out of scope is not right. */
  readonly servedAccuracy: number
  /** Just the labels were found. */
  readonly wholeSet: number
  /** F1 over all labels together, and its mean over the intents. */
  readonly microF1: number
  readonly macroF1: number
  readonly perIntent: readonly IntentFigures[]
  /** Wrong pairs, most frequent first. */
  readonly confusion: readonly { readonly wanted: string; readonly given: string; readonly count: number }[]
  /** By the share of messages in scope that are refused: the share of those out of scope that are. Empty without both. */
  readonly scopeCurve: readonly { readonly falseShare: number; readonly recall: number }[]
  /** The same by the threshold that the set has learned. */
  readonly refusedInScope: number
  readonly refusedOutside: number | null
}

export interface IntentFigures {
  readonly name: string
  readonly messages: number
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/** Shares of messages in scope at which the curve is measured. */
const FALSE_SHARES = [0.01, 0.02, 0.05, 0.1, 0.2]

export function intentMetrics(judged: readonly Judged[]): IntentMetrics {
  const inScope = judged.filter(({ example }) => example.intents.length > 0)
  const outside = judged.filter(({ example }) => example.intents.length === 0)
  const counts = countsOf(inScope)
  const perIntent = [...counts].map(([name, { right, given, wanted }]): IntentFigures => ({
    name,
    messages: wanted,
    precision: share(right, given),
    recall: share(right, wanted),
    f1: share(2 * right, given + wanted),
  }))
  const total = [...counts.values()].reduce((sum, one) => ({ right: sum.right + one.right, all: sum.all + one.given + one.wanted }), {
    right: 0,
    all: 0,
  })
  return {
    inScope: inScope.length,
    outside: outside.length,
    accuracy: share(inScope.filter(isRight).length, inScope.length),
    servedAccuracy: share(inScope.filter((one) => isRight(one) && !one.found.outOfScope).length, inScope.length),
    wholeSet: share(inScope.filter(isWhole).length, inScope.length),
    microF1: share(2 * total.right, total.all),
    macroF1: share(
      perIntent.reduce((sum, { f1 }) => sum + f1, 0),
      perIntent.length,
    ),
    perIntent: perIntent.sort((one, other) => one.f1 - other.f1),
    confusion: confusionOf(inScope),
    scopeCurve: scopeCurve(inScope, outside),
    refusedInScope: share(inScope.filter(({ found }) => found.outOfScope).length, inScope.length),
    refusedOutside: outside.length === 0 ? null : share(outside.filter(({ found }) => found.outOfScope).length, outside.length),
  }
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

const isRight = ({ example, found }: Judged): boolean => example.intents.includes(found.intents[0]?.name ?? '')

const isWhole = ({ example, found }: Judged): boolean =>
  found.intents.length === new Set(example.intents).size && found.intents.every(({ name }) => example.intents.includes(name))

function countsOf(inScope: readonly Judged[]) {
  const counts = new Map<string, { right: number; given: number; wanted: number }>()
  const of = (name: string): { right: number; given: number; wanted: number } => {
    const known = counts.get(name) ?? { right: 0, given: 0, wanted: 0 }
    counts.set(name, known)
    return known
  }
  for (const { example, found } of inScope) {
    for (const name of new Set(example.intents)) of(name).wanted += 1
    for (const { name } of found.intents) {
      of(name).given += 1
      if (example.intents.includes(name)) of(name).right += 1
    }
  }
  return counts
}

function confusionOf(inScope: readonly Judged[]) {
  const pairs = new Map<string, { wanted: string; given: string; count: number }>()
  for (const { example, found } of inScope) {
    const given = found.intents[0]?.name ?? ''
    const [wanted = ''] = example.intents
    if (example.intents.includes(given)) continue
    const key = JSON.stringify([wanted, given])
    const pair = pairs.get(key) ?? { wanted, given, count: 0 }
    pair.count += 1
    pairs.set(key, pair)
  }
  return [...pairs.values()].sort((one, other) => other.count - one.count)
}

function scopeCurve(inScope: readonly Judged[], outside: readonly Judged[]) {
  if (inScope.length === 0 || outside.length === 0) return []
  const scopes = inScope.map(({ found }) => found.scope).sort((one, other) => one - other)
  return FALSE_SHARES.map((falseShare) => {
    const threshold = scopes[Math.floor(scopes.length * falseShare)] ?? 0
    return { falseShare, recall: share(outside.filter(({ found }) => found.scope < threshold).length, outside.length) }
  })
}
