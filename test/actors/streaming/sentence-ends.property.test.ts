import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sentenceEnd } from '../../../actors/streaming/sentence-ends.ts'
import { cases } from '../../support/property-cases.ts'

/** The sentences of a text of which all is there. */
function sentencesOf(text: string): string[] {
  const sentences: string[] = []
  let from = 0
  for (let end = sentenceEnd(text, 0); end !== undefined; end = sentenceEnd(text, from)) {
    sentences.push(text.slice(from, end))
    from = end
  }
  return [...sentences, text.slice(from)]
}

describe('sentences end', () => {
  test.each([
    ['It takes two days. We ship today! Is that fine? Yes', ['It takes two days.', ' We ship today!', ' Is that fine?', ' Yes']],
    ['寄到挪威要三天。费用是 5.5 欧元！可以吗？可以', ['寄到挪威要三天。', '费用是 5.5 欧元！', '可以吗？', '可以']],
    ['他说：“不行。”然后走了。好', ['他说：“不行。”', '然后走了。', '好']],
    ['It is free [1]. Else 5 EUR. [2] [3] Ask us.[4] Bye', ['It is free [1].', ' Else 5 EUR. [2] [3]', ' Ask us.[4]', ' Bye']],
    ['免费。[1][2]否则五元 [3]。好', ['免费。[1][2]', '否则五元 [3]。', '好']],
    ['First line\n- item one\n\n- item two', ['First line', '\n- item one', '\n\n- item two']],
    ['Really?! Well... Then **go.** Now', ['Really?!', ' Well...', ' Then **go.**', ' Now']],
    ['She said "No." He left. (He did.) So', ['She said "No."', ' He left.', ' (He did.)', ' So']],
    ['The answer is no. We cannot.', ['The answer is no.', ' We cannot.']],
    ['Wait… Now', ['Wait…', ' Now']],
  ])('%s', (text, sentences) => {
    expect(sentencesOf(text)).toEqual(sentences)
  })

  test.each([
    'Costs are 1.5 to 2,000.75 EUR or .5',
    'Version 3.2.1 is on https://example.com/a.html?b=c&d=e!f now',
    'Ask Dr. Li, Mr. Smith or J. R. Jones of Acme Inc. Oslo in the U.S. Army, e.g. by e-mail, i.e. this, vs. that',
    'See no. 5, fig. 3, p. 7, Jan. 3 and approx. 7',
    '1. Open the box',
    '  12. Close it',
    'the file .env or a.b is kept ... and more',
    '支持 3.5 版本，见 a.b 文件',
  ])('but not in: %s', (text) => {
    expect(sentencesOf(text)).toEqual([text])
  })

  test.each(['It is free.', 'It is free. ', '免费。', 'It is free. [', 'It is free. [12', 'It is free."', 'a\n', 'a\n['])(
    'only where what follows is known: not yet in %j',
    (text) => {
      expect(sentenceEnd(text, 0)).toBeUndefined()
    },
  )
})

const pieces = fc.array(
  fc.oneof(
    fc.constantFrom(...'.。!！?？…"”」)[]12 5\n\t', ' ', ' A', ' a', '好', '[1]', ' [23]', 'Dr.', 'e.g.', '3.5', '1. ', '**', '😀'),
    fc.string({ unit: 'grapheme', maxLength: 3 }),
  ),
  { maxLength: 40 },
)

test('sentences join to the text, and are the same however it comes', () => {
  fc.assert(
    fc.property(pieces, (written) => {
      const text = written.join('')
      const whole = sentencesOf(text)
      expect(whole.join('')).toBe(text)
      expect(whole.slice(0, -1).every((sentence) => sentence.trim() !== '')).toBe(true)
      const streamed: string[] = []
      let [soFar, from] = ['', 0]
      for (const piece of written) {
        soFar += piece
        for (let end = sentenceEnd(soFar, from); end !== undefined; end = sentenceEnd(soFar, from)) {
          streamed.push(soFar.slice(from, end))
          from = end
        }
      }
      expect([...streamed, soFar.slice(from)]).toEqual(whole)
    }),
    { numRuns: cases(5_000) },
  )
})
