import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evaluateByRules, scoreByRules } from '../../../pipeline/quality/evaluate-by-rules.ts'
import { CONTEXT_CHARS_MAX, RESPONSE_CHARS_MAX } from '../../../pipeline/quality/rules/rules-limits.ts'
import { evaluationSchema } from '../../../schemas/quality.ts'

const WORDS = [
  'not',
  'never',
  '30',
  '三十',
  '1,000',
  'days',
  '天',
  '退货',
  '不',
  '。',
  '. ',
  'Norway',
  '？',
  '\n',
  '(',
  '来源：',
  '是',
  'ß',
  '👍',
  '\ud800',
]
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(fc.constantFrom(...WORDS), { maxLength: 80 }).map((words) => words.join('')),
  fc.array(fc.constantFrom(...WORDS), { maxLength: 80 }).map((words) => words.join(' ')),
)
const query = fc.record({
  query: text,
  response: text,
  context: fc.option(fc.array(text, { maxLength: 4 }), { nil: undefined }),
  retrieval: fc.option(fc.array(fc.double(), { maxLength: 4 }), { nil: undefined }),
  lang: fc.option(fc.oneof(fc.constantFrom('en', 'zh', 'de', 'ja', 'ar', 'zh-Hant-TW', 'x', ''), fc.string({ maxLength: 8 })), {
    nil: undefined,
  }),
})

test('any texts have scores from 0 to 1, a reason for each suggestion, and the same evaluation each time', () => {
  fc.assert(
    fc.property(query, (asked) => {
      const evaluation = scoreByRules(asked)
      expect(evaluationSchema.parse(evaluation)).toEqual(evaluation)
      expect(evaluation.suggestions).toHaveLength(evaluation.reasons.length)
      expect(evaluation.scores.groundedness === null).toBe(!(asked.context ?? []).some((passage) => /[\p{L}\p{N}]/u.test(passage)))
      expect(scoreByRules(asked)).toEqual(evaluation)
    }),
  )
})

/** What makes a careless expression or a careless loop slow. */
const HOSTILE = [
  'a',
  '不',
  ' ',
  '\n',
  '(',
  '1',
  '1,',
  '.',
  'a.',
  'A. ',
  'hi ',
  'is ',
  '一',
  '十',
  '万',
  "n't",
  '#',
  '来源：(',
  '是',
  'and what ',
  '？',
]
test.each(HOSTILE)('of a text of 1 MB (%j) the beginning decides', async (unit) => {
  const long = unit.repeat(Math.ceil(1_000_000 / unit.length))
  const whole = await evaluateByRules({ query: long, response: long, context: [long, long], lang: 'en' })
  const beginning = await evaluateByRules({
    query: long.slice(0, RESPONSE_CHARS_MAX),
    response: long.slice(0, RESPONSE_CHARS_MAX),
    context: [long.slice(0, CONTEXT_CHARS_MAX), long.slice(0, CONTEXT_CHARS_MAX)],
    lang: 'en',
  })
  expect(whole).toEqual(beginning)
})
