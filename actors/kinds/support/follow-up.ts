import type { Act } from '../../../schemas/dialogue-acts.ts'
import { foldHan } from '../../core/fold-text.ts'
import { termsOf, wordsOf } from './terms.ts'

const CONTINUES = /^\s*(and|also|but|what about|how about|or|then|同样|那|还有|另外|顺便|以及|然后)(?![a-z])|呢\s*[?？。!！]*\s*$/i
const REFERS = /\b(it|its|that|this|them|they|one|ones|there|those|these)\b|这个|那个|这款|那款|它|这种|那种/i

/** Whether a message refers to something said before it. */
export const isFollowUp = (text: string): boolean => CONTINUES.test(foldHan(text)) || REFERS.test(foldHan(text))

const CONTINUING: ReadonlySet<string> = new Set<Act>(['continuation', 'clarification', 'correction'])

/** Whether an act takes up what was said before. */
export const isContinuing = (act: string): boolean => CONTINUING.has(act)

/** Words that ask to go on and name nothing. */
const GOING_ON = new Set([
  ...termsOf('go on continue carry proceed topic above previous before same more last talking earlier'),
  ...foldHan(
    '继续 上面 话题 刚才 刚刚 之前 前面 接着 说 讲 聊 问题 回到 上一个 内容 接着说 继续说 下去 说下去 往下 再 详细 点 上 接',
  ).split(' '),
])

/** Whether a message has no word that says what it is about: "go on", "and how much is it?", 继续上面的话题. */
export const namesNothing = (text: string): boolean => wordsOf(text).every((word) => GOING_ON.has(word))
