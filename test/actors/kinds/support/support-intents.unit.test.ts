import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { classify } from '../../../../actors/kinds/support/intents.ts'
import { INTENTS } from '../../../../actors/kinds/support/lexicon.ts'

const Labelled = z.object({ text: z.string(), lang: z.enum(['en', 'zh']), intent: z.enum(INTENTS) })

const labelled = readFileSync(new URL('../../../support/data/support-intents.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => Labelled.parse(JSON.parse(line)))

/** The half that is held out: work on the lexicon with the errors of the other half only. */
const isHeldOut = ({ text }: { text: string }): boolean => (createHash('sha256').update(text).digest()[0] ?? 0) % 2 === 1

const intentOf = (text: string): string => classify(text, null).intent

describe('the intents', () => {
  const halves = [
    ['en', false],
    ['en', true],
    ['zh', false],
    ['zh', true],
  ] as const
  test.each(halves)('in %s (held out: %s) are right for at least 90 %%', (lang, heldOut) => {
    const rows = labelled.filter((row) => row.lang === lang && isHeldOut(row) === heldOut)
    const missed = rows.filter(({ text, intent }) => intentOf(text) !== intent)
    const shown = heldOut ? `${missed.length} of ${rows.length} missed` : JSON.stringify(missed, null, 1)
    expect(rows.length).toBeGreaterThan(70)
    expect(1 - missed.length / rows.length, shown).toBeGreaterThanOrEqual(0.9)
  })

  test.each([
    ['Are you a real person?', 'smalltalk'],
    ['I want to talk to a real person', 'person'],
    ['你是真人吗', 'smalltalk'],
    ['我要找真人', 'person'],
    ['Help, my phone was stolen!', 'account'],
    ['你们的服务我不满意', 'feedback_negative'],
    ['很满意', 'feedback_positive'],
    ['Thanks! And how do I return it?', 'returns'],
    ['谢谢，那怎么退货', 'returns'],
    ['ｒｅｆｕｎｄ', 'returns'],
    ['where’s my order', 'order'],
    ['HB-1234567', 'order'],
    ['hb 1234567', 'order'],
    ['', 'other'],
    ['12345', 'other'],
    ['asdf qwer', 'other'],
  ])('of "%s" is %s', (text, intent) => {
    expect(intentOf(text)).toBe(intent)
  })
})

describe('confidence', () => {
  test('is 0 without a matching term, and higher for a clear case than for a mixed one', () => {
    expect(classify('qwer', null)).toMatchObject({ confidence: 0, because: [], topic: null })
    const clear = classify('I want a refund, please send my money back', null).confidence
    const mixed = classify('I paid by gift card and want a refund', null).confidence
    expect(clear).toBeGreaterThan(mixed)
    expect(clear).toBeLessThan(1)
  })

  test('comes with the terms that decided', () => {
    expect(classify('Is the gift card valid?', null)).toMatchObject({ intent: 'payment', because: ['gift card'] })
  })
})

describe('a message that refers to the previous one', () => {
  test.each(['and on Sundays?', 'what about mine?', 'how does it work', '那周末呢', '这个呢？'])('inherits the topic: "%s"', (text) => {
    expect(classify(text, 'shipping')).toMatchObject({ intent: 'shipping', topic: 'shipping', confidence: 0.5, continues: true })
    expect(classify(text, null)).toMatchObject({ continues: false, topic: null })
  })

  test('has its own topic where it names one', () => {
    const asked = classify('and how do I get a refund?', 'shipping')
    expect(asked).toMatchObject({ intent: 'returns', topic: 'returns', continues: true })
  })

  test('courtesy and a wish for a person do not change the topic', () => {
    for (const text of ['thanks', 'hello', 'a human please']) expect(classify(text, 'returns').topic).toBe('returns')
  })
})

test('only the beginning of a very long message is classified', () => {
  expect(classify(`refund ${'order '.repeat(100_000)}`, null).because.length).toBeLessThan(200)
})
