import { pick } from './random.ts'

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

/** What a customer says that is answered at once, of at least so many bytes. */
export function politeText(random: () => number, bytesMin: number): string {
  const text = COURTESIES[pick(random, COURTESIES.length)] ?? ''
  const missing = bytesMin - Buffer.byteLength(text)
  return missing <= 0 ? text : text + PADDING.repeat(Math.ceil(missing / PADDING.length)).slice(0, missing)
}
