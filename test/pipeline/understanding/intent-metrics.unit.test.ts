import { expect, test } from 'vitest'
import { intentMetrics, type Judged } from '../../../pipeline/understanding/intents/intent-metrics.ts'

const judged = (labels: readonly string[], found: readonly string[], scope = 0.5, outOfScope = false): Judged => ({
  example: { text: 'x', intents: labels },
  found: { intents: found.map((name) => ({ name, confidence: 0.9, because: [] })), scope, outOfScope },
})

test('one message of several intents counts once for accuracy, and each intent for F1', () => {
  const metrics = intentMetrics([judged(['a', 'b'], ['a']), judged(['a'], ['a']), judged(['b'], ['a']), judged(['c'], ['c', 'a'])])
  expect(metrics).toMatchObject({ inScope: 4, outside: 0, accuracy: 0.75, wholeSet: 0.25, scopeCurve: [], refusedOutside: null })
  // 3 of 5 labels found by 5 guesses.
  expect(metrics.microF1).toBeCloseTo(6 / 10)
  expect(metrics.confusion).toEqual([{ wanted: 'b', given: 'a', count: 1 }])
  expect(metrics.perIntent[0]).toMatchObject({ name: 'b', recall: 0, f1: 0 })
})

test('the curve of what is out of scope follows the scopes of both parts', () => {
  const inside = Array.from({ length: 100 }, (_, index) => judged(['a'], ['a'], index / 100, index < 4))
  const outside = [judged([], ['a'], 0.001, true), judged([], ['a'], 0.04), judged([], ['a'], 0.9), judged([], ['a'], 0.15)]
  const { scopeCurve, refusedInScope, refusedOutside } = intentMetrics([...inside, ...outside])
  expect(scopeCurve).toEqual([
    { falseShare: 0.01, recall: 0.25 },
    { falseShare: 0.02, recall: 0.25 },
    { falseShare: 0.05, recall: 0.5 },
    { falseShare: 0.1, recall: 0.5 },
    { falseShare: 0.2, recall: 0.75 },
  ])
  expect([refusedInScope, refusedOutside]).toEqual([0.04, 0.25])
})

test('no message gives no figure that is not a number', () => {
  expect(intentMetrics([])).toMatchObject({ accuracy: 0, microF1: 0, macroF1: 0 })
})
