import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLowWatermark } from '../../../pipeline/runtime/low-watermark.ts'

describe('a low watermark', () => {
  /** Each step takes a sequence some distance ahead, or finishes an open one. */
  const step = fc.record({ gap: fc.integer({ min: 1, max: 5 }), takes: fc.boolean(), pick: fc.nat() })
  const steps = fc.array(step, { maxLength: 60, size: 'max' })

  test('is the highest sequence up to which everything taken is finished, and never falls', () => {
    fc.assert(
      fc.property(fc.nat(1_000), steps, (start, all) => {
        const tracker = createLowWatermark(start)
        const open: number[] = []
        let [taken, low] = [start, start]
        for (const { gap, takes, pick } of all) {
          const [finished] = takes ? [] : open.splice(pick % Math.max(open.length, 1), 1)
          if (finished === undefined) {
            taken += gap
            tracker.take(taken)
            open.push(taken)
          } else {
            tracker.finish(finished)
            // Sequences that were never taken belong to another reader.
            expect(tracker.low).toBe(open.length === 0 ? taken : Math.min(...open) - 1)
          }
          expect(tracker.low).toBeGreaterThanOrEqual(low)
          expect(open.every((seq) => seq > tracker.low)).toBe(true)
          expect(tracker.unfinished).toBe(open.length)
          low = tracker.low
        }
      }),
    )
  })

  test('stays at its start until something is finished', () => {
    const tracker = createLowWatermark(7)
    tracker.take(9)
    expect([tracker.low, tracker.unfinished]).toEqual([7, 1])
  })
})
