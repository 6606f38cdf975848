import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunksOf } from '../../../pipeline/embedding/text-chunks.ts'

/** Counts like a tokenizer: words by their length, one token per other character. Joined texts may have more tokens than their parts. */
const count = (text: string): number => (text.match(/\p{Script=Han}|[\p{L}\p{N}]{1,4}|\S/gu) ?? []).length
const phrase = fc.constantFrom(
  'Where is my order? ',
  '我的订单在哪里？',
  '。',
  '\n\n',
  'supercalifragilistic',
  '🎉',
  ' ',
  'مرحبا بك، ',
  '\u200b',
  'a,b;c: ',
  '……',
)
const prose = fc.array(fc.oneof(phrase, fc.string({ unit: 'grapheme' })), { maxLength: 60 }).map((parts) => parts.join(''))

describe('chunks of a text for the model', () => {
  it('together are the text, none exceeds the limit, and a text that fits is one chunk', () => {
    fc.assert(
      fc.property(prose, fc.integer({ min: 4, max: 40 }), (text, tokensMax) => {
        const chunks = chunksOf(text, { count, tokensMax, overlapTokens: 0 })
        expect(chunks.join('')).toBe(text)
        for (const chunk of chunks) expect(count(chunk)).toBeLessThanOrEqual(tokensMax)
        if (count(text) <= tokensMax) expect(chunks).toEqual([text])
      }),
    )
  })

  it('start with the end of the previous chunk and leave no gap', () => {
    fc.assert(
      fc.property(prose, fc.integer({ min: 8, max: 40 }), (text, tokensMax) => {
        const chunks = chunksOf(text, { count, tokensMax, overlapTokens: Math.floor(tokensMax / 4) })
        let reached = 0
        for (const chunk of chunks) {
          const at = text.lastIndexOf(chunk, reached)
          expect(at).toBeGreaterThanOrEqual(0)
          reached = Math.max(reached, at + chunk.length)
        }
        expect(reached).toBe(text.length)
      }),
    )
  })

  it('end at English and Chinese sentences where possible', () => {
    const chinese = '我昨天下了订单。今天还没有发货！请问什么时候能到？'.repeat(4)
    for (const chunk of chunksOf(chinese, { count, tokensMax: 20, overlapTokens: 0 })) expect(chunk).toMatch(/[。！？]$/)
    const english = 'I ordered it yesterday. It was not sent today! When will it come? '.repeat(4)
    for (const chunk of chunksOf(english, { count, tokensMax: 30, overlapTokens: 0 })) expect(chunk).toMatch(/[.!?] $/)
  })

  it.each(['a', ' ', '\n', '!', '，', '"', '🎉', 'ab '])('of a megabyte of %j are found in seconds', (unit) => {
    const text = unit.repeat(2 ** 20 / unit.length)
    const chunks = chunksOf(text, { count, tokensMax: 256, overlapTokens: 0 })
    expect(chunks.join('')).toBe(text)
  })
})
