import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Article, articleTopics, loadArticles, parseArticles } from '../../../../actors/kinds/support/knowledge.ts'

const articles = loadArticles()
const inLanguage = (lang: Article['lang']) => articles.filter((article) => article.lang === lang)
const subjectOf = (article: Article) => article.id.slice(0, -'-en'.length)

const english: Article = { id: 'a-en', lang: 'en', topic: 'order', title: 'A', text: 'a' }

const Conversation = z.strictObject({
  id: z.string().regex(/^demo-(en|zh)-\d{2}$/),
  lang: z.enum(['en', 'zh']),
  turns: z.array(z.strictObject({ role: z.enum(['user', 'assistant']), text: z.string().trim().min(1).max(500) })),
})

const intents = [
  'product',
  'order',
  'shipping',
  'returns',
  'technical',
  'account',
  'payment',
  'smalltalk',
  'person',
  'thanks',
  'feedback_positive',
  'feedback_negative',
  'other',
] as const

const LabelledText = z.strictObject({ text: z.string().min(1), lang: z.enum(['en', 'zh']), intent: z.enum(intents) })

function readJsonLines<T>(path: string, schema: z.ZodType<T>): T[] {
  const lines = readFileSync(new URL(path, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
  return lines.map((line) => schema.parse(JSON.parse(line)))
}

const conversations = readJsonLines('../../../../infra/demo/conversations.jsonl', Conversation)
const labelled = readJsonLines('../../../support/data/support-intents.jsonl', LabelledText)

describe('the knowledge base', () => {
  test('has at least 24 articles in each language', () => {
    expect(inLanguage('en').length).toBeGreaterThanOrEqual(24)
    expect(inLanguage('zh').length).toBeGreaterThanOrEqual(24)
  })

  test.each(articleTopics)('covers the topic %s in both languages', (topic) => {
    expect(inLanguage('en').map((article) => article.topic)).toContain(topic)
    expect(inLanguage('zh').map((article) => article.topic)).toContain(topic)
  })

  test.each(inLanguage('en'))('$id has 60 to 180 words', ({ text }) => {
    const words = text.split(/\s+/).length
    expect(words).toBeGreaterThanOrEqual(60)
    expect(words).toBeLessThanOrEqual(180)
  })

  test.each(inLanguage('zh'))('$id has at least 120 Chinese characters and at most 350 of all kinds', ({ text }) => {
    expect(text.match(/\p{Script=Han}/gu)?.length).toBeGreaterThanOrEqual(120)
    expect([...text.replace(/\s/g, '')].length).toBeLessThanOrEqual(350)
  })

  test('has every subject once in each language, under the same topic', () => {
    const subjects = (lang: Article['lang']) => inLanguage(lang).map((article) => [subjectOf(article), article.topic])
    expect(subjects('zh')).toEqual(subjects('en'))
  })

  test.each(inLanguage('en').map(subjectOf))('states the same numbers about %s in both languages', (subject) => {
    const textOf = (lang: Article['lang']) => articles.find(({ id }) => id === `${subject}-${lang}`)?.text ?? ''
    expect(numbersIn(textOf('zh'))).toEqual(numbersIn(textOf('en')))
  })

  test.each([
    ['an id used twice', [english, english]],
    ['an id that contradicts the language', [{ ...english, lang: 'zh' }]],
    ['an unknown topic', [{ ...english, topic: 'weather' }]],
    ['an empty text', [{ ...english, text: '' }]],
    ['an unknown field', [{ ...english, url: 'about:blank' }]],
  ])('refuses %s and names the field', (_what, rows) => {
    expect(() => parseArticles(rows)).toThrow(
      expect.objectContaining({ code: 'knowledge_invalid', message: expect.stringMatching(/\[\d\]/) as string }),
    )
  })
})

describe('the demo conversations', () => {
  test('are at least 32, with ids used once', () => {
    expect(conversations.length).toBeGreaterThanOrEqual(32)
    expect(new Set(conversations.map(({ id }) => id)).size).toBe(conversations.length)
  })

  test('are at least half Chinese', () => {
    const chinese = conversations.filter(({ lang }) => lang === 'zh')
    expect(chinese.length).toBeGreaterThanOrEqual(16)
    expect(chinese.length).toBeGreaterThanOrEqual(conversations.length / 2)
  })

  test.each(conversations)('$id starts with the user, alternates, and has 2 to 6 user turns', ({ id, lang, turns }) => {
    expect(id).toContain(`-${lang}-`)
    expect(turns.map(({ role }) => role)).toEqual(turns.map((_, index) => (index % 2 === 0 ? 'user' : 'assistant')))
    const userTurns = turns.filter(({ role }) => role === 'user').length
    expect(userTurns).toBeGreaterThanOrEqual(2)
    expect(userTurns).toBeLessThanOrEqual(6)
  })
})

describe('the labelled intents', () => {
  test.each(['en', 'zh'] as const)('have at least 120 different texts in %s, and at least 8 of each intent', (lang) => {
    const ofLanguage = labelled.filter((row) => row.lang === lang)
    expect(new Set(ofLanguage.map(({ text }) => text)).size).toBe(ofLanguage.length)
    expect(ofLanguage.length).toBeGreaterThanOrEqual(120)
    for (const intent of intents) {
      expect(ofLanguage.filter((row) => row.intent === intent).length, intent).toBeGreaterThanOrEqual(8)
    }
  })

  test('cover every user turn of the demo', () => {
    const known = new Set(labelled.map(({ text }) => text))
    const messages = conversations.flatMap(({ turns }) => turns).filter(({ role }) => role === 'user')
    expect(messages.filter(({ text }) => !known.has(text))).toEqual([])
  })
})

/** The distinct numbers of a text, without thousands separators. English writes a month as a word, so `11 月` is left out. */
function numbersIn(text: string): number[] {
  const written = text.replace(/\d+ 月/g, '').match(/\d+(,\d{3})*(\.\d+)?/g) ?? []
  return [...new Set(written.map((number) => Number(number.replaceAll(',', ''))))].sort((a, b) => a - b)
}
