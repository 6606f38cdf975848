import { describe, expect, it } from 'vitest'
import { analyseText } from '../../../actors/analysing/analyse-text.ts'
import { SENTIMENT_LABELS, type SentimentLabel, sentimentOf } from '../../../actors/analysing/sentiment.ts'
import { ratingIn } from '../../../actors/analysing/sentiment-rating.ts'
import { countWords, distinctiveWords, KEYWORDS_MAX, keywordsOfText } from '../../../actors/analysing/text-keywords.ts'
import { languageOfText } from '../../../actors/analysing/text-language.ts'

describe('the sentiment of a text', () => {
  it.each<[label: SentimentLabel, en: string, zh: string]>([
    ['positive', 'I love this phone, the battery is great', '这家店的服务非常好，很满意'],
    ['negative', 'The staff were rude and the room was dirty', '客服态度恶劣，房间又脏又吵'],
    ['neutral', 'The meeting takes place on Thursday at three', '会议周四下午三点举行'],
    ['neutral', 'Which of the two models has more memory?', '请问这两个型号哪个内存更大'],
  ])('%s is told in both languages: %s / %s', (label, en, zh) => {
    expect([sentimentOf(en).label, sentimentOf(zh).label]).toEqual([label, label])
  })

  it('a negation turns a word around, and an end of the sentence ends it', () => {
    expect([sentimentOf('The food is not good').label, sentimentOf('东西不好吃').label]).toEqual(['negative', 'negative'])
    expect(sentimentOf('No. The food is good, I love it').label).toBe('positive')
    expect(sentimentOf('从来没吃过这么好吃的面').label).toBe('positive')
  })

  it('what follows a "but" outweighs what was before', () => {
    const [up, down] = ['Expensive, but the quality is excellent', 'The quality is excellent, but it broke and support was rude']
    expect(sentimentOf(up).score).toBeGreaterThan(sentimentOf(down).score)
    expect(sentimentOf('虽然有点贵，但是质量非常好').label).toBe('positive')
    expect(sentimentOf('看着不错，但是用了两天就坏了').label).toBe('negative')
  })

  it('emoji, emoticons and ratings are read', () => {
    expect([sentimentOf('😍😍').label, sentimentOf('😡').label]).toEqual(['positive', 'negative'])
    expect(ratingIn('4/5')).toBe(0.8)
    expect([ratingIn('1 star'), ratingIn('五星好评'), ratingIn('★★☆☆☆'), ratingIn('打了9分')]).toEqual([0.2, 1, 0.4, 0.9])
    for (const text of ['a five-star hotel', '三星级酒店', '6 of 5', '24/7', 'at 10:30'])
      expect([text, ratingIn(text)]).toEqual([text, undefined])
  })

  it('a text without words, or of any length, has a score within its bounds', () => {
    for (const text of ['', '   ', '...', '\ud800']) expect(sentimentOf(text)).toEqual({ label: 'neutral', score: 0 })
    for (const text of [
      'x'.repeat(1_000_000),
      '好'.repeat(1_000_000),
      '😡'.repeat(10_000),
      'Где мой заказ?',
      'أين طلبي',
      '返品したいのですが',
    ]) {
      const { label, score } = sentimentOf(text)
      expect(SENTIMENT_LABELS).toContain(label)
      expect(Math.abs(score)).toBeLessThanOrEqual(1)
      expect(sentimentOf(text)).toEqual({ label, score })
    }
  })

  it('traditional characters have the sentiment of simplified ones', () => {
    expect(sentimentOf('這家店的服務非常好，很滿意')).toEqual(sentimentOf('这家店的服务非常好，很满意'))
  })
})

describe('the keywords of a text', () => {
  it('are the frequent words that say what it is about, in both languages', () => {
    const { language, keywords } = analyseText('The battery died. A new battery costs 80 euros, and the charger is extra.')
    expect(language).toBe('en')
    expect(keywords[0]).toBe('battery')
    expect(keywords).not.toContain('the')
    expect(keywordsOfText('电池坏了，换电池要八十，充电器另算')).toContain('电池')
  })

  it('are at most five, and rare words of a background come first', () => {
    expect(keywordsOfText('alpha beta gamma delta epsilon zeta eta theta')).toHaveLength(KEYWORDS_MAX)
    const background = countWords(Array.from({ length: 20 }, () => 'parcel parcel delivery'))
    expect(keywordsOfText('parcel delivery turbine', background)[0]).toBe('turbine')
  })

  it('hashtags are words, addresses and names of accounts are none', () => {
    expect(keywordsOfText('#双十一# 看 https://example.com/battery @somebody')).toEqual(['双十一'])
  })

  it('words of a group are those that its texts have and others do not', () => {
    const group = countWords(Array.from({ length: 30 }, (_, index) => `parcel lost again number${index}`))
    const others = Array.from({ length: 300 }, (_, index) => `parcel colour garden number${index}`)
    const all = countWords([...others, ...Array.from({ length: 30 }, (_, index) => `parcel lost again number${index}`)])
    expect(distinctiveWords(group, all).map(({ word }) => word)).toEqual(['lost'])
    expect(distinctiveWords(countWords([]), all)).toEqual([])
  })
})

describe('the language of a text', () => {
  it.each<[string | null, string]>([
    ['en', 'The staff were friendly and the room was clean'],
    ['zh', '客服态度很好'],
    ['de', 'Ich habe das Buch gelesen und es war gut'],
    ['ja', '返品したいのですが'],
    [null, '12345'],
  ])('is %s: %s', (language, text) => {
    expect(languageOfText(text)).toBe(language)
  })
})
