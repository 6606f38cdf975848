import { foldHan, foldText } from '../../core/fold-text.ts'
import { tokensOf } from './tokens.ts'

const SEGMENTER = new Intl.Segmenter('zh', { granularity: 'word' })
const HAN_RUNS = /\p{Script=Han}+/gu
const HAN = /\p{Script=Han}/u

const ENGLISH_STOP_WORDS = `
  a an the this that these those is are was were be been being am i im ive you your me my mine we our us they them their it its
  he she his her and or but so if then than as of for to from with at on in by into about do does did doing done have has had
  having can cant could would should will wont may might must not no what whats which who whom when where wheres why how hi
  hello hey here there just also too very really please pls thanks thank ok okay want like need get got id ill let lets any some
  dont doesnt didnt isnt arent tell know one ones still yet ever anyone something anything say says mean way use using wanna
  gonna much many long`
const CHINESE_STOP_WORDS = `
  什么 怎么 怎么样 如何 请问 可以 吗 呢 啊 吧 了 的 我 你 您 我们 你们 他 她 它 是 在 有 没有 没 和 与 或 也 都 还 就 要 想 能 会 不 这 那 这个 那个 哪 哪个 哪些 哪里 一下 一个
  个 为什么 多少 多 几 谢谢 你好 如果 因为 所以 但是 知道 现在 已经 还是 可不可以 能不能 行不行 算了 直接 顺便 大概 有没有 是不是 怎么办 怎样 么办 我的 我想 到`

/** Words that occur in almost every article. */
const STOP_WORDS = new Set([...tokensOf(ENGLISH_STOP_WORDS), ...foldHan(CHINESE_STOP_WORDS).trim().split(/\s+/)])

/**
 * The words of a text without stop words: English stems, and Chinese words as `Intl.Segmenter` finds them. Accents do not matter, and
 * traditional characters equal simplified ones.
 */
export function wordsOf(text: string): string[] {
  const plain = foldText(text)
  return [...latinOf(plain), ...hanRunsOf(plain).flatMap(segmentsOf)].filter((word) => !STOP_WORDS.has(word))
}

/**
 * The index terms of a text: its words, and all pairs of neighbouring Chinese characters, since the same characters are segmented
 * differently in different contexts. With repetitions.
 */
export function termsOf(text: string): string[] {
  const plain = foldText(text)
  const chinese = hanRunsOf(plain).flatMap((run) => [...segmentsOf(run).filter((word) => word.length !== 2), ...pairsOf(run)])
  return [...latinOf(plain), ...chinese].filter((term) => !STOP_WORDS.has(term))
}

/**
 * Pairs of neighbouring tokens that distinguish sentences where single words do not, such as `error 5`: pairs of words, or of a number and
 * the character beside it. Without stop words and repetitions.
 */
export function phrasesOf(text: string): Set<string> {
  const tokens = tokensOf(foldText(text))
  const pairs = tokens.slice(1).map((token, index) => [tokens[index] ?? '', token] as const)
  const telling = pairs.filter((pair) => !pair.every((token) => HAN.test(token)) && !pair.some((token) => STOP_WORDS.has(token)))
  return new Set(telling.map((pair) => pair.join(' ')))
}

const latinOf = (text: string): string[] => tokensOf(text).filter((token) => !HAN.test(token))
const hanRunsOf = (text: string): string[] => text.match(HAN_RUNS) ?? []
const segmentsOf = (run: string): string[] => Array.from(SEGMENTER.segment(run), ({ segment }) => segment)

function pairsOf(run: string): string[] {
  const characters = [...run]
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`)
}
