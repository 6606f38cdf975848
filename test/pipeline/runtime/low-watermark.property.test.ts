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
        const watermark = createLowWatermark(start)
        const open: number[] = []
        let [taken, low] = [start, start]
        for (const { gap, takes, pick } of all) {
          const [finished] = takes ? [] : open.splice(pick % Math.max(open.length, 1), 1)
          if (finished === undefined) {
            taken += gap
            watermark.take(taken)
            open.push(taken)
          } else {
            watermark.finish(finished)
            // Sequences that were never taken belong to another reader.
            expect(watermark.low).toBe(open.length === 0 ? taken : Math.min(...open) - 1)
          }
          expect(watermark.low).toBeGreaterThanOrEqual(low)
          expect(open.every((seq) => seq > watermark.low)).toBe(true)
          expect(watermark.unfinished).toBe(open.length)
          low = watermark.low
        }
      }),
    )
  })

  test('stays at its start until something is finished', () => {
    const watermark = createLowWatermark(7)
    watermark.take(9)
    expect([watermark.low, watermark.unfinished]).toEqual([7, 1])
  })
})
