import type { Act } from '../../../../schemas/dialogue-acts.ts'
import { foldHan } from '../../../core/fold-text.ts'
import { termsOf, wordsOf } from '../terms.ts'

/**
 * Whether a message takes up what was said before. `surely`: it has a word that points back, begins like a sentence that goes on, or says
 * nothing by itself. `maybe`: it is so short that it may lack what it is about. `no`: it stands alone.
 */
export type Refers = 'surely' | 'maybe' | 'no'

/** UTF-16 units of a message that are examined. */
const CHARS_MAX = 1000

/** Begins like a sentence that goes on. */
const CONTINUES = new RegExp(
  String.raw`^\W*(?:(?:ok(?:ay)?|yes|yeah|no|hm+|oh|great|good|thanks?|thx|alright|well|right|sure|fine)\b[\s,.!]*)*`
    + String.raw`(?:and|also|but|or|then|plus|so|though|otherwise|except|even|only|instead|besides|what about|how about|what if|if so|if not`
    + String.raw`|in that case|same for|same with|did that|done that|tried that|already did|now|still|not yet)(?![a-z])`,
  'i',
)
const CONTINUES_HAN =
  /^[\s，。！？,.!?]*(?:(?:好的?|嗯+|哦+|喔|行|对|谢谢|不对|是的|知道了|明白了|可以)[啊吧呀了的哦，。！,.!\s]+)*(?:同样|那(?!不勒斯)|还有|另外|顺便|以及|然后|可是?(?!以)|但是?|不过|而且|要是|万一|或者|换成|除了|已经|刚才|刚刚|都|也|从|比如)|呢\s*[?？。!！]*$/

/** Words that point to something said before. */
const POINTS = new RegExp(
  String.raw`\b(?:it|its|this|them|they|their|theirs|those|these|he|him|his|she|her|both|neither)\b`
    + String.raw`|\bthat(?:['’]s)?(?=\s*(?:[?.!,;]|$|is|was|be|has|have|had|will|would|can|could|does|do|did|not|too|also|still|work|include|cost|mean|for|with|by|on|in|then|long|much|many|apply))`
    + String.raw`|\b(?:to|for|with|of|on|about|after|before|like|do|does|did|use|than)\s+that\b|\bthere\b`,
  'i',
)
const POINTS_HAN =
  /这(?:个|款|种|样|些|单|两|边|里|儿|么)?|(?<!的)那(?:个|款|种|样|些|单|两|边|里|儿|么|会儿)|它们?|他们?|她们?|上面|其中|前者|后者/

/** Words that may compare with something said before, or with something in the message. */
const COMPARES =
  /\b(?:one|ones|either|each|another|other|same|former|latter|which of|instead|else|too|as well|again|afterwards?|so far)\b|^\W*(?:from|with|without|for|to|by)\b|哪个|哪款|哪一?种|两个|两款|另外?一|别的|其他|一样|新的|旧的|坏的|贵的|便宜的|之后|之前|以后|以前|到时候|前面/i

/** Words that look like pointing back, and do not. */
const EMPTY_WORDS = new RegExp(
  String.raw`\b(?:is|are|was|were|will|would|can|could)\s+there\b(?:\s+be\b)?|\bthere\s*(?:['’]s|is|are|was|were)\b`
    + String.raw`|\b(?:is|was|would|will)\s+it\s+(?:be\s+)?(?:possible|ok|okay|true|allowed|safe|worth|necessary|normal|better|hard|easy)\b`
    + String.raw`|\b(?:does|will|did|would)\s+it\s+(?:usually\s+)?(?:take|cost)\s+(?:me\s+|you\s+|for\s+\w+\s+)?to\b|\bit\s+takes?\b`
    + String.raw`|\b(?:this|that|these|those)\s+(?:week|month|year|morning|evening|weekend|christmas|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b`
    + String.raw`|\beach\s+other\b|\bone\s+of\s+(?:my|your|the)\b|\bthe\s+other\s+day\b|\bno\s+one\b|\bthis\s+shop\b|\bher\s+birthday\b`,
  'gi',
)
const EMPTY_WORDS_HAN = /有没有人|其他国家|之前买|以后再/g

/** A message with at most as many words of its own may lack what it is about. English has words for what Chinese leaves out. */
const SHORT_WORDS_MAX = { latin: 1, han: 3 } as const
/** With more words of its own before a word that points back, a message may name what that word means. */
const NAMED_WORDS_MAX = 2
/** With more words of its own, a message compares within itself. */
const COMPARED_WORDS_MAX = 2

/** Reads by its words alone how a message relates to those before it, in English and Chinese. */
export function refersBack(message: string): Refers {
  const text = foldHan(message.slice(0, CHARS_MAX))
  const words = wordsOf(text)
  if (words.every((word) => GOING_ON.has(word)) || CONTINUES.test(text) || CONTINUES_HAN.test(text)) return 'surely'
  const pointing = text.replace(EMPTY_WORDS, ' ').replace(EMPTY_WORDS_HAN, ' ')
  const at = Math.min(...[POINTS, POINTS_HAN].map((pattern) => pattern.exec(pointing)?.index ?? Infinity))
  if (at !== Infinity && wordsOf(pointing.slice(0, at)).length <= NAMED_WORDS_MAX) return 'surely'
  if (words.length <= COMPARED_WORDS_MAX && COMPARES.test(pointing)) return 'surely'
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

/** Whether a message has no word that says what it is about: "go on", "and how much is it?", 继续上面的话题. */
export const namesNothing = (text: string): boolean => wordsOf(text).every((word) => GOING_ON.has(word))
