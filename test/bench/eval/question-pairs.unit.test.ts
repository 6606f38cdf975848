import { describe, expect, it } from 'vitest'
import { questionOf } from '../../../bench/eval/measure-cached-answers.ts'
import { readPairs } from '../../../bench/eval/pair-sets.ts'
import { differenceOf } from '../../../pipeline/answering/same-question.ts'

describe.each(['en', 'zh'] as const)('pairs of questions in %s', (lang) => {
  it.each(['author', 'blind'] as const)(
    'of the %s half that need another answer are told apart, but for one in a hundred',
    async (half) => {
      const pairs = (await readPairs(lang, half)).filter(({ same }) => !same)
      const missed = pairs.filter(({ a, b }) => differenceOf(questionOf(a, lang), questionOf(b, lang)) === undefined)
      expect(missed.length / pairs.length).toBeLessThanOrEqual(0.01)
    },
  )

  it('of the author that say the same share an answer, half of them at least', async () => {
    const pairs = (await readPairs(lang, 'author')).filter(({ same }) => same)
    const found = pairs.filter(({ a, b }) => differenceOf(questionOf(a, lang), questionOf(b, lang)) === undefined)
    expect(found.length / pairs.length).toBeGreaterThanOrEqual(0.5)
  })
})
