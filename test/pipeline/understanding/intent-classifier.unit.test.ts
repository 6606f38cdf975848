import { describe, expect, it } from 'vitest'
import { createIntentClassifier } from '../../../pipeline/understanding/intents/intent-classifier.ts'
import { TRAINER_VERSION } from '../../../pipeline/understanding/intents/model-file.ts'
import { trainIntentsNow } from '../../../pipeline/understanding/intents/train-intents.ts'
import { taughtExamples } from '../../support/taught-intents.ts'

const classifier = createIntentClassifier(trainIntentsNow(taughtExamples))
const best = (text: string): string | undefined => classifier.classify(text).intents[0]?.name

describe('a taught set', () => {
  it('names its intents and the trainer', () => {
    expect(classifier.intents).toEqual(['continue', 'human', 'knowledge', 'product', 'refund'])
    expect(classifier.version).toBe(TRAINER_VERSION)
    expect(classifier.dimension).toBe(0)
    expect(classifier.bytes).toBeLessThan(32 * 1024 * 1024)
  })

  it.each([
    ['什么是人工智能？', 'knowledge'],
    ['继续上面的话题', 'continue'],
    ['我想查询产品规格', 'product'],
    ['麻烦转一下人工', 'human'],
    ['退款多久到', 'refund'],
    ['what is artificial intelligence?', 'knowledge'],
    ['please continue with the topic above', 'continue'],
    ['I would like the specification of the product', 'product'],
    ['let me talk to a real human', 'human'],
    ['how long until my refund arrives', 'refund'],
  ])('%s is %s', (text, intent) => {
    expect(best(text)).toBe(intent)
  })

  it('reads case, width and traditional characters alike', () => {
    expect(classifier.classify('ＷＨＥＮ ＷＩＬＬ ＴＨＥ ＲＥＦＵＮＤ ＡＲＲＩＶＥ')).toEqual({
      ...classifier.classify('when will the refund arrive'),
    })
    expect(best('我要退貨，怎麼申請')).toBe('refund')
  })

  it('gives the words of the message that speak for the intent', () => {
    expect(classifier.classify('how do I get a refund').intents[0]?.because).toContain('refund')
    expect(classifier.classify('我要人工客服').intents[0]?.because.some((word) => /人工|客服/.test(word))).toBe(true)
    for (const { because } of classifier.classify('please connect me to somebody').intents) {
      for (const word of because) expect('please connect me to somebody').toContain(word.split(' … ')[0])
    }
  })

  it('gives an example of the intent where no word speaks for it', () => {
    const [first] = classifier.classify('zzzz').intents
    expect(first?.because[0]).toMatch(/^like: ./)
  })

  it('sorts at most five candidates, and confidence is a probability', () => {
    const { candidates } = classifier.classify('refund')
    expect(candidates).toHaveLength(5)
    expect(candidates.map(({ confidence }) => confidence)).toEqual(
      candidates.map(({ confidence }) => confidence).toSorted((one, other) => other - one),
    )
    for (const { confidence } of candidates) expect(confidence >= 0 && confidence <= 1).toBe(true)
  })

  it('is out of scope for a text of another language, an empty one, and signs', () => {
    for (const text of ['', ' \n', 'Где находится библиотека', 'ありがとうございます', '\u{1f600}', '\ud800']) {
      expect(classifier.classify(text)).toMatchObject({ outOfScope: true })
    }
    expect(classifier.classify('how do I get a refund').outOfScope).toBe(false)
    expect(classifier.classify('怎么申请退货').outOfScope).toBe(false)
  })

  it('reads the beginning of a text of a megabyte', () => {
    const rest = '退'.repeat(1_000_000)
    expect(best(`I want to talk to a human. ${'x '.repeat(500_000)}`)).toBe('human')
    expect(best(`how do I get a refund${' '.repeat(2_000)}${rest}`)).toBe('refund')
  })

  it('refuses a vector, because it was taught without', () => {
    expect(() => classifier.classify('refund', new Float32Array(8))).toThrow(expect.objectContaining({ code: 'vector_unfit' }))
  })
})

describe('messages with several intents', () => {
  const wishes = ['退款', '查快递', '改地址', '开发票'] as const
  const pairs = wishes.flatMap((one) => wishes.filter((other) => other > one).map((other) => [one, other] as const))
  const examples = [
    ...wishes.flatMap((wish) => ['我要', '请', '想', '帮我', '麻烦'].map((start) => ({ text: `${start}${wish}`, intents: [wish] }))),
    ...pairs.flatMap(([one, other]) =>
      ['我要', '请', '想'].map((start) => ({ text: `${start}${one}，还要${other}`, intents: [one, other] })),
    ),
  ]
  const several = createIntentClassifier(trainIntentsNow(examples))

  it('gives all of them', () => {
    const names = several.classify('你好，退款，另外开发票').intents.map(({ name }) => name)
    expect(names.toSorted()).toEqual(['开发票', '退款'])
    expect(several.classify('你好，我要查快递').intents.map(({ name }) => name)).toEqual(['查快递'])
  })
})

describe('vectors', () => {
  /** Vectors that only say which intent: the words say nothing. */
  const vectorOf = (intent: number, index: number): Float32Array =>
    Float32Array.from({ length: 4 }, (_, at) => (at === intent ? 1 : 0.1 * Math.sin(7 * index + at)))
  const examples = Array.from({ length: 40 }, (_, index) => ({ text: `text ${index}`, intents: [index % 2 === 0 ? 'even' : 'odd'] }))
  const bytes = trainIntentsNow(examples, { vectors: examples.map((_, index) => vectorOf(index % 2, index)) })
  const withVectors = createIntentClassifier(bytes)

  it('decide where the words do not', () => {
    expect(withVectors.dimension).toBe(4)
    expect(withVectors.classify('text', vectorOf(0, 99)).intents[0]?.name).toBe('even')
    expect(withVectors.classify('text', vectorOf(1, 99)).intents[0]?.name).toBe('odd')
    expect(withVectors.classify('text').intents).toHaveLength(1)
  })

  it('of another model are refused', () => {
    expect(() => withVectors.classify('text', new Float32Array(5))).toThrow(expect.objectContaining({ code: 'vector_unfit' }))
    const vectors = examples.map(() => Float32Array.of(1, 2))
    for (const unfit of [vectors.slice(1), [...vectors.slice(1), Float32Array.of(1)], [...vectors.slice(1), Float32Array.of(1, NaN)]]) {
      expect(() => trainIntentsNow(examples, { vectors: unfit })).toThrow(expect.objectContaining({ code: 'vectors_unfit' }))
    }
  })
})
