import { pick } from './random.ts'

/** Generates the inputs to one kind. */
export interface InputKind {
  readonly kind: string
  /** An input as JSON. Everything random comes from `random`; the text has at least `textBytesMin` bytes. */
  make(id: string, random: () => number, textBytesMin: number): string
}

/** `support` answers these in the machine itself: one record, one reply, one timer, no task. */
const COURTESIES = [
  'Thank you so much, that is all for today',
  'thanks for the quick answer',
  'Hello, good morning!',
  'Many thanks, much appreciated',
  'hi there',
  'Thanks, have a nice day',
  '谢谢',
  '非常感谢您的帮助',
  '你好',
  '早上好',
  '谢谢，辛苦了',
  '好的，多谢',
]
/** Filler text: it leaves a courtesy to `support` a courtesy. */
const PADDING = ' thank you all very much'

/** A courtesy to `support` as JSON; its text has at least `textBytesMin` bytes. */
export const politeInput = (id: string, random: () => number, textBytesMin: number): string =>
  JSON.stringify({ type: 'message.received', id, source: 'bench', data: { role: 'user', text: politeText(random, textBytesMin) } })

export const POLITE: InputKind = { kind: 'support', make: politeInput }

/** Questions that the articles of `support` answer, each in a passage of its own language. */
const ASKED = ['How much is standard delivery to Germany?', '寄到德国的标准配送运费是多少？']

/** Questions to `support`, which looks them up and answers them. */
export const QUESTIONS: InputKind = {
  kind: 'support',
  make: (id, random) =>
    JSON.stringify({
      type: 'message.received',
      id,
      source: 'bench',
      data: { role: 'user', text: ASKED[pick(random, ASKED.length)] ?? '' },
    }),
}

/** Questions to `question` that differ by who asks, and have the same passage. */
export const DISTINCT_QUESTIONS: InputKind = {
  kind: 'question',
  make(id, random) {
    const name = Array.from({ length: 4 }, () => SYLLABLES[pick(random, SYLLABLES.length)] ?? '').join('')
    const text = `${name} asks: how much is standard delivery to Germany?`
    return JSON.stringify({ type: 'question.asked', id, source: 'bench', data: { text } })
  },
}
const SYLLABLES = [...'bdfgklmnprstvwz'].flatMap((consonant) => [...'aeiou'].map((vowel) => `${consonant}${vowel}`))

const textInputs = (type: string, kind: string): InputKind => ({
  kind,
  make: (id, random, textBytesMin) => JSON.stringify({ type, id, source: 'bench', data: { text: politeText(random, textBytesMin) } }),
})

/** Inputs to the kinds of kinds-config.ts. */
export const ERRANDS: InputKind = textInputs('ask', 'bench-errand')
export const PAIRS: InputKind = textInputs('said', 'bench-pair')

/** A courtesy of at least `bytesMin` bytes. */
export const politeText = (random: () => number, bytesMin: number): string =>
  padded(COURTESIES[pick(random, COURTESIES.length)] ?? '', bytesMin)

/** The text, extended to at least `bytesMin` bytes. */
export function padded(text: string, bytesMin: number): string {
  const missing = bytesMin - Buffer.byteLength(text)
  return missing <= 0 ? text : text + PADDING.repeat(Math.ceil(missing / PADDING.length))
}
