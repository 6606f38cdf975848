import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createIntentClassifier } from '../../../pipeline/understanding/intents/intent-classifier.ts'
import { trainIntentsNow } from '../../../pipeline/understanding/intents/train-intents.ts'
import { taughtExamples } from '../../support/taught-intents.ts'

const bytes = trainIntentsNow(taughtExamples)
const torn = expect.objectContaining({ code: 'model_torn' }) as unknown

describe('a trained model', () => {
  it('with any byte changed is refused', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const changed = Uint8Array.from(bytes)
        changed[place] = (changed[place] ?? 0) ^ change
        expect(() => createIntentClassifier(changed)).toThrow(torn)
      }),
    )
  })

  it('cut or extended anywhere is refused', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        expect(() => createIntentClassifier(bytes.subarray(0, length))).toThrow(torn)
      }),
    )
    expect(() => createIntentClassifier(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(torn)
    expect(() => createIntentClassifier(new Uint8Array(33 * 1024 * 1024))).toThrow(torn)
  })

  it('is read from any place in a larger buffer', () => {
    const larger = Buffer.concat([Buffer.alloc(3), bytes])
    expect(createIntentClassifier(larger.subarray(3)).classify('refund')).toEqual(createIntentClassifier(bytes).classify('refund'))
  })

  it('classifies any text, with confidences from 0 to 1', () => {
    const classifier = createIntentClassifier(bytes)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), (text) => {
        const { intents, candidates, scope } = classifier.classify(text)
        expect(intents.length).toBeGreaterThan(0)
        for (const { confidence } of candidates) expect(confidence >= 0 && confidence <= 1).toBe(true)
        expect(scope >= 0 && scope <= 1).toBe(true)
      }),
    )
  })
})
