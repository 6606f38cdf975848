import type { Act } from '../../../../schemas/dialogue-acts.ts'
import { foldHan } from '../../../core/fold-text.ts'
import { termsOf, wordsOf } from '../terms.ts'

/**
 * Whether a message takes up what was said before. `yes`: it has a word that points back, begins like a sentence that goes on, or says
 * nothing by itself. `maybe`: it is so short that it may lack what it is about. `act`: only its dialogue act says that it goes on, which
 * that of many a new question does, too. `no`: it stands alone.
 */
export type Refers = 'yes' | 'maybe' | 'act' | 'no'

/** Whether the words of a message say that it stands alone. */
export const standsAlone = (refers: Refers): boolean => refers === 'no' || refers === 'act'

/** UTF-16 units of a message that are examined. */
const CHARS_MAX = 1000

const anyOf = (words: string): string =>
  words
    .trim()
    .split(/\s*,\s*/)
    .join('|')

/** What may stand before the words that a sentence goes on with. */
const POLITE = anyOf('ok, okay, yes, yeah, no, hm, hmm, oh, great, good, thanks, thx, alright, well, right, sure, fine')
const POLITE_HAN = anyOf('好的, 好, 嗯+, 哦+, 喔, 行, 对, 谢谢, 不对, 是的, 知道了, 明白了, 可以')
const GOES_ON = anyOf(`and, also, but, or, then, plus, so, though, otherwise, except, even, only, instead, besides, what about, how about,
  what if, if so, if not, in that case, same for, same with, did that, done that, tried that, already did, now, still, not yet`)
const GOES_ON_HAN =
  anyOf(`同样, 那(?!不勒斯), 还有, 另外, 顺便, 以及, 然后, 可是?(?!以), 但是?, 不过, 而且, 要是, 万一, 或者, 换成, 除了, 已经,
  刚才, 刚刚, 都, 也, 从, 比如`)
/** Begins like a sentence that goes on. */
const CONTINUES = new RegExp(String.raw`^\W*(?:(?:${POLITE})\b[\s,.!]*)*(?:${GOES_ON})(?![a-z])`, 'i')
const CONTINUES_HAN = new RegExp(
  String.raw`^[\s，。！？,.!?]*(?:(?:${POLITE_HAN})[啊吧呀了的哦，。！,.!\s]+)*(?:${GOES_ON_HAN})|呢\s*[?？。!！]*$`,
)

const AFTER_THAT =
  anyOf(String.raw`[?.!;\x2c], $, is, was, be, has, have, had, will, would, can, could, does, do, did, not, too, also, still, work,
  include, cost, mean, for, with, by, on, in, then, long, much, many, apply`)
/** Words that point to something said before. */
const POINTS = new RegExp(
  String.raw`\b(?:${anyOf('it, its, this, them, they, their, theirs, those, these, he, him, his, she, her, both, neither, there')})\b`
    + String.raw`|\bthat(?:['’]s)?(?=\s*(?:${AFTER_THAT}))`
    + String.raw`|\b(?:${anyOf('to, for, with, of, on, about, after, before, like, do, does, did, use, than')})\s+that\b`,
  'i',
)
const POINTS_HAN = new RegExp(
  anyOf('这[个款种样些单两边里儿么]?, (?<!的)那[个款种样些单两边里儿么], (?<!的)那会儿, 它们?, 他们?, 她们?, 上面, 其中, 前者, 后者'),
)

/** Words that may compare with something said before, or with something in the message. */
const COMPARES = new RegExp(
  String.raw`\b(?:${anyOf('one, ones, either, each, another, other, same, former, latter, which of, instead, else, too, as well, again')}`
    + String.raw`|${anyOf('afterwards?, so far')})\b|^\W*(?:${anyOf('from, with, without, for, to, by')})\b`
    + `|${anyOf('哪个, 哪款, 哪一?种, 两个, 两款, 另外?一, 别的, 其他, 一样, 新的, 旧的, 坏的, 贵的, 便宜的')}`
    + `|${anyOf('之后, 之前, 以后, 以前, 到时候, 前面')}`,
  'i',
)

/** Words that look like pointing back, and do not. */
const EMPTY_WORDS = new RegExp(
  String.raw`\b(?:is|are|was|were|will|would|can|could)\s+there\b(?:\s+be\b)?|\bthere\s*(?:['’]s|is|are|was|were)\b`
    + String.raw`|\b(?:is|was|would|will)\s+it\s+(?:be\s+)?(?:${anyOf('possible, ok, okay, true, allowed, safe, worth, necessary')})\b`
    + String.raw`|\b(?:does|will|did|would)\s+it\s+(?:usually\s+)?(?:take|cost)\s+(?:me\s+|you\s+)?to\b|\bit\s+takes?\b`
    + String.raw`|\b(?:this|that|these|those)\s+(?:week|month|year|morning|evening|weekend|\w{3,6}day)\b`
    + String.raw`|\beach\s+other\b|\bone\s+of\s+(?:my|your|the)\b|\bthe\s+other\s+day\b|\bno\s+one\b|\bthis\s+shop\b`,
  'gi',
)

/** A message with at most as many words of its own may lack what it is about. English has words for what Chinese leaves out. */
const SHORT_WORDS_MAX = { latin: 1, han: 3 } as const
/** With more words of its own before a word that points back, a message may name what that word means. */
const NAMED_WORDS_MAX = 2
/** With more words of its own, a message compares within itself. */
const COMPARED_WORDS_MAX = 2

/** Reads by its words alone how a message relates to those before it, in English and Chinese. */
export function refersBack(message: string): Exclude<Refers, 'act'> {
  const text = foldHan(message.slice(0, CHARS_MAX))
  const words = wordsOf(text)
  if (words.every((word) => GOING_ON.has(word) || MEASURES.has(word)) || CONTINUES.test(text) || CONTINUES_HAN.test(text)) return 'yes'
  const pointing = text.replace(EMPTY_WORDS, ' ')
  const at = Math.min(...[POINTS, POINTS_HAN].map((pattern) => pattern.exec(pointing)?.index ?? Infinity))
  if (at !== Infinity && wordsOf(pointing.slice(0, at)).length <= NAMED_WORDS_MAX) return 'yes'
  if (words.length <= COMPARED_WORDS_MAX && COMPARES.test(pointing)) return 'yes'
  return words.length <= SHORT_WORDS_MAX[HAN.test(text) ? 'han' : 'latin'] ? 'maybe' : 'no'
}

const HAN = /\p{Script=Han}/u

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

/** Words that ask how much of something, and do not say of what. */
const MEASURES = new Set([...termsOf('cost price money time days hours'), ...'钱 多少钱 价格 长 多长 多久 时间 天 小时 费用 贵'.split(' ')])

/** Whether a message has no word that says what it is about: "go on", "and how much is it?", 继续上面的话题. */
export const namesNothing = (text: string): boolean => wordsOf(text).every((word) => GOING_ON.has(word))
