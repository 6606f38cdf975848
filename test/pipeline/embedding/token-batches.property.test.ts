import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBatcher } from '../../../pipeline/embedding/token-batches.ts'

const TOKENS_MAX = 64
const item = fc.integer({ min: 0, max: 100 }).map((length) => ({ tokens: Array.from({ length }, () => 0) }))

describe('batches', () => {
  it('hold every text once, and at most the padded tokens of a run unless they hold a single text', () => {
    fc.assert(
      fc.property(fc.array(fc.array(item, { maxLength: 50 }), { maxLength: 5 }), (groups) => {
        const batcher = createBatcher<{ tokens: number[] }>(TOKENS_MAX)
        const seen: unknown[] = []
        const take = (times: number): void => {
          for (let batch = batcher.next(); batch !== undefined; batch = times-- > 0 ? batcher.next() : undefined) {
            seen.push(...batch)
            const longest = Math.max(...batch.map(({ tokens }) => tokens.length))
            expect(batch.length === 1 || longest * batch.length <= TOKENS_MAX).toBe(true)
          }
        }
        for (const group of groups) {
          batcher.add(group)
          take(1)
        }
        take(Infinity)
        expect(seen).toHaveLength(groups.flat().length)
        expect(new Set(seen)).toEqual(new Set(groups.flat()))
      }),
    )
  })

  it('start with the oldest text, however many fit better', () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 80 }), (items) => {
        const batcher = createBatcher<{ tokens: number[] }>(TOKENS_MAX)
        batcher.add(items)
        expect(batcher.next()).toContain(items[0])
      }),
    )
  })
})
