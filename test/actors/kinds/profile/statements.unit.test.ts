import { describe, expect, test } from 'vitest'
import type { Statement } from '../../../../actors/kinds/profile/statement.ts'
import { mayTell, statementsIn } from '../../../../actors/kinds/profile/statements-in.ts'
import { PROFILE_LIMITS } from '../../../../schemas/profile-events.ts'
import { type ProfileSentence, SEEN, TAKEN_BACK, UNSEEN } from '../../../support/profile-sentences.ts'

const form = ({ is, about, value }: Pick<Statement, 'is' | 'about' | 'value'>): string =>
  `${is === 'withdrawn' ? '-' : ''}${about ?? '*'}${value === null ? '' : `=${value}`}`
const read = (text: string): string[] => statementsIn(text).map(form)

/** Shares of what was read that is right, and of what was said that was read. */
function measured(sentences: readonly ProfileSentence[]): { precision: number; recall: number } {
  const counts = sentences.map(({ text, expected }) => {
    const found = read(text)
    return { found: found.length, said: expected.length, right: found.filter((one) => expected.includes(one)).length }
  })
  const sum = (key: 'found' | 'said' | 'right'): number => counts.reduce((all, one) => all + one[key], 0)
  return { precision: sum('right') / sum('found'), recall: sum('right') / sum('said') }
}

describe('what a message says of its author', () => {
  test.each([...SEEN.en, ...SEEN.zh, ...TAKEN_BACK.en, ...TAKEN_BACK.zh])('$text', ({ text, expected }) => {
    expect(read(text)).toEqual(expected)
  })

  test.each(['en', 'zh'] as const)('is read from sentences that no pattern was written for (%s)', (lang) => {
    const { precision, recall } = measured(UNSEEN[lang])
    expect(precision).toBeGreaterThanOrEqual(0.95)
    expect(recall).toBeGreaterThanOrEqual(0.85)
  })

  test('several statements of a message are read in its order', () => {
    expect(read("My name is Bob, but call me Robert. I'm allergic to nuts and I live in Oslo.")).toEqual([
      'name=Bob',
      'name=Robert',
      'allergy=nuts',
      'home=Oslo',
    ])
    expect(read('我叫李雷，叫我小李就行。我吃素，我对花生过敏！')).toEqual(['name=李雷', 'name=小李', 'diet=吃素', 'allergy=花生'])
  })

  test.each([
    'call me <script>alert(1)</script>',
    'My name is {{persona}}',
    'call me \u202egnihton',
    '叫我<b>小李</b>',
    'I like https://example.org/a',
    'my name is "; DROP TABLE facts',
    `call me ${'A'.repeat(500)}`,
    `叫我${'李'.repeat(400)}`,
  ])('is nothing where a value has more than words: %s', (text) => {
    expect(statementsIn(text)).toEqual([])
  })

  test('names of any script are kept as they are written', () => {
    expect(read('Please call me محمد')).toEqual(['name=محمد'])
    expect(read('my name is דוד')).toEqual(['name=דוד'])
    expect(read('請稱呼我為陳女士')).toEqual(['name=陳女士'])
    expect(read('Call me Zoë O’Brien')).toEqual(["name=Zoë O'Brien"])
  })

  test('of a text of 1 MB only the beginning is read', () => {
    expect(read(`I'm vegetarian. ${'x '.repeat(500_000)} I like tea.`)).toEqual(['diet=vegetarian'])
    for (const { words } of statementsIn(`我吃素。${'啊'.repeat(1_000_000)}`))
      expect(words.length).toBeLessThanOrEqual(PROFILE_LIMITS.wordsCharsMax)
  })

  test('a model is asked only where a message may say more of its author', () => {
    expect(['I have two kids', 'My birthday is in May', '我有两个孩子', '我女儿今年三岁'].filter((text) => !mayTell(text))).toEqual([])
    expect(['Where is my order?', 'I have not received it', '我的快递没到', '怎么退货？'].filter(mayTell)).toEqual([])
  })
})
