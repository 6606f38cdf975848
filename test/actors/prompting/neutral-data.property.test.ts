import fc from 'fast-check'
import { expect, test } from 'vitest'
import { neutralData } from '../../../actors/prompting/neutral-data.ts'
import { contentLetters, markersIn } from '../../support/built-prompts.ts'

const PIECES = [
  ...['system', 'assistant', '系统', '用户', 'user', 'human', 'role', 'x', '退货', '7'],
  ...[':', '：', '<', '＜', '>', '|', '｜', '/', '[', ']', 'INST', '#', '"', '{', '}', '*', '-', '!', '_', '(', ')'],
  ...[' ', '\n', '\u200b', '\u202e', '\u00ad', '\ufeff', '\u2028', '\u3000', '👍', '\u{e0041}', '\ud800'],
]
const text = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }).map((pieces) => pieces.join('')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 100 }) },
)

test('no marker is left, the words are, and a second pass changes nothing', () => {
  fc.assert(
    fc.property(text, (given) => {
      const neutral = neutralData(given)
      expect(markersIn(neutral)).toEqual([])
      expect(contentLetters(neutral)).toBe(contentLetters(given.toWellFormed()))
      expect(neutralData(neutral)).toBe(neutral)
    }),
    { numRuns: 5_000 },
  )
})

test('texts that are made to be slow take no longer than others of their length', () => {
  const slow = ['<', '#', '>', '["', '- ', '1\n', 'new ', 'system ', 'role ', '\n', '[system ', '\u200d', '系统'].map((piece) =>
    piece.repeat(4_000),
  )
  for (const given of slow) expect(neutralData(given).length).toBeLessThanOrEqual(given.length * 2)
})
