import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBatcher } from '../../../pipeline/embedding/token-batches.ts'
import { chunksOf } from '../../../pipeline/embedding/text-chunks.ts'

const TOKENS_MAX = 64
const item = fc.integer({ min: 0, max: 100 }).map((length) => ({ tokens: Array.from({ length }, () => 0) }))

describe('batches', () => {
  it('hold every text once, and no more padded tokens than a run may have, unless one text alone has', () => {
    fc.assert(fc.property(fc.array(fc.array(item, { maxLength: 50 }), { maxLength: 5 }), (groups) => {
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
    }))
  })

  it('have the text in them that has waited longest, however many better ones come', () => {
    fc.assert(fc.property(fc.array(item, { minLength: 1, maxLength: 80 }), (items) => {
      const batcher = createBatcher<{ tokens: number[] }>(TOKENS_MAX)
      batcher.add(items)
      expect(batcher.next()).toContain(items[0])
    }))
  })
})

/** Counts as tokenizers do: words by their length, other characters one each; a joint may count more than its parts. */
const count = (text: string): number => (text.match(/\p{Script=Han}|[\p{L}\p{N}]{1,4}|\S/gu) ?? []).length
const phrase = fc.constantFrom('Where is my order? ', '我的订单在哪里？', '。', '\n\n', 'supercalifragilistic', '🎉', ' ', 'مرحبا بك، ', '\u200b', 'a,b;c: ', '……')
const prose = fc.array(fc.oneof(phrase, fc.string({ unit: 'grapheme' })), { maxLength: 60 }).map((parts) => parts.join(''))

describe('chunks', () => {
  it('are together the text, none of them too long, and a text that fits stays whole', () => {
    fc.assert(fc.property(prose, fc.integer({ min: 4, max: 40 }), (text, tokensMax) => {
      const chunks = chunksOf(text, { count, tokensMax, overlapTokens: 0 })
      expect(chunks.join('')).toBe(text)
      for (const chunk of chunks) expect(count(chunk)).toBeLessThanOrEqual(tokensMax)
      if (count(text) <= tokensMax) expect(chunks).toEqual([text])
    }))
  })

  it('begin with the end of the one before, and miss nothing between', () => {
    fc.assert(fc.property(prose, fc.integer({ min: 8, max: 40 }), (text, tokensMax) => {
      const chunks = chunksOf(text, { count, tokensMax, overlapTokens: Math.floor(tokensMax / 4) })
      let reached = 0
      for (const chunk of chunks) {
        const at = text.lastIndexOf(chunk, reached)
        expect(at).toBeGreaterThanOrEqual(0)
        reached = Math.max(reached, at + chunk.length)
      }
      expect(reached).toBe(text.length)
    }))
  })

  it('end at sentences of either language where they can', () => {
    const chinese = '我昨天下了订单。今天还没有发货！请问什么时候能到？'.repeat(4)
    for (const chunk of chunksOf(chinese, { count, tokensMax: 20, overlapTokens: 0 })) expect(chunk).toMatch(/[。！？]$/)
    const english = 'I ordered it yesterday. It was not sent today! When will it come? '.repeat(4)
    for (const chunk of chunksOf(english, { count, tokensMax: 30, overlapTokens: 0 })) expect(chunk).toMatch(/[.!?] $/)
  })

  it.each(['a', ' ', '\n', '!', '，', '"', '🎉', 'ab '])('of a megabyte of %j take seconds, not hours', (unit) => {
    const text = unit.repeat(2 ** 20 / unit.length)
    const chunks = chunksOf(text, { count, tokensMax: 256, overlapTokens: 0 })
    expect(chunks.join('')).toBe(text)
  })
})
