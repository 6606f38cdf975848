import { stemmer } from 'stemmer'
import { foldHan } from '../../../actors/core/fold-text.ts'

const wordsIn = (text: string): string[] => text.trim().split(/\s+/)

const ENGLISH = `
  a about after all also am an and any are as at be because been before being but by can could did do does doing done each for from
  further had has have having he her here hers him his how i if in into is it its just me more most my of off on once only or other our
  ours out over own s same she should so some such than that the their theirs them then there these they this those through to too under
  until up us very was we were what when where which while who whom whose why will with would you your yours please ll re ve d m t
  may might must shall let get got one many much long old far name called type kind`

/** Han characters that tell nothing of what a sentence is about. */
const HAN_CHARACTERS =
  '的了是在有和与或也都就而及其之以于对为被把将从到由因所这那哪个些么吗呢吧啊您你我他她它们请问谁何几多少什样如怎可能会'

/** English stems and Han characters that occur in nearly every sentence. */
export const STOP_WORDS: ReadonlySet<string> = new Set([...wordsIn(ENGLISH).map(stemmer), ...wordsIn(ENGLISH), ...foldHan(HAN_CHARACTERS)])

/** English stems and Han characters that turn a statement into its opposite. */
export const NEGATIONS: ReadonlySet<string> = new Set([
  ...wordsIn('not no never none neither nor without nobody nothing').flatMap((word) => [word, stemmer(word)]),
  ...foldHan('不没无非未别勿莫否'),
])
