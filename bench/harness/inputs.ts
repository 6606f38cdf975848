import { pick } from './random.ts'

/** Inputs of a producer: for which kind, and what one of them says. */
export interface InputKind {
  readonly kind: string
  /** An input as JSON, determined by what is drawn; its text has at least so many bytes. */
  make(id: string, random: () => number, textBytesMin: number): string
}

/** What customers say that `support` answers in the machine itself: one record, one reply, one timer, no task. */
const COURTESIES = [
  'Thank you so much, that is all for today', 'thanks for the quick answer', 'Hello, good morning!', 'Many thanks, much appreciated',
  'hi there', 'Thanks, have a nice day', '谢谢', '非常感谢您的帮助', '你好', '早上好', '谢谢，辛苦了', '好的，多谢',
]
/** Words that say nothing to the machine's classifier. */
const PADDING = ' lorem ipsum dolor sit amet'

/** An input as JSON: something polite, its text of at least so many bytes. */
export const politeInput = (id: string, random: () => number, textBytesMin: number): string =>
  JSON.stringify({ type: 'message.received', id, source: 'bench', data: { role: 'user', text: politeText(random, textBytesMin) } })

export const POLITE: InputKind = { kind: 'support', make: politeInput }

const saying = (type: string, kind: string): InputKind =>
  ({ kind, make: (id, random, textBytesMin) => JSON.stringify({ type, id, source: 'bench', data: { text: politeText(random, textBytesMin) } }) })

/** To the kinds of kinds-config.ts. */
export const ERRANDS: InputKind = saying('ask', 'bench-errand')
export const PAIRS: InputKind = saying('said', 'bench-pair')

/** What a customer says that is answered at once, of at least so many bytes. */
export const politeText = (random: () => number, bytesMin: number): string =>
  padded(COURTESIES[pick(random, COURTESIES.length)] ?? '', bytesMin)

/** A text that has at least so many bytes. */
export function padded(text: string, bytesMin: number): string {
  const missing = bytesMin - Buffer.byteLength(text)
  return missing <= 0 ? text : text + PADDING.repeat(Math.ceil(missing / PADDING.length)).slice(0, missing)
}
