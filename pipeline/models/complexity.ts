import type { Tier } from '../../schemas/models-file.ts'
import { estimateTokens } from './token-estimate.ts'

/** What a question is judged by. */
export interface ComplexityQuery {
  /** The message to answer. */
  readonly text: string
  /** Whether it is understood only with the turns before it. Default: false. */
  readonly needsHistory?: boolean | undefined
  /** Scores of the passages found, best first, 0 to 1. Default: none. */
  readonly passageScores?: readonly number[] | undefined
}

/** UTF-16 units that are looked at; more text counts by its length alone. */
const TEXT_CHARS_MAX = 8_192
const TOKENS_FULL = 512
const QUESTIONS_FULL = 3
const WORDS_FULL = 3
const NUMBERS_FULL = 8
/** Words that are looked at until enough different ones are found. */
const MATCHES_MAX = 64
const SPREAD_FULL = 4
/** A passage counts as another source of the answer from this share of the best score on. */
const SPREAD_SHARE = 0.85

const WEIGHTS = {
  length: 0.35,
  questions: 0.2,
  reasoning: 0.35,
  comparison: 0.25,
  history: 0.1,
  spread: 0.1,
  code: 0.25,
  numbers: 0.1,
} as const

const QUESTION = /[?？]+|[吗嗎呢](?=[。！!，,；;\s]|$)/gu
/** English words are whole ones; Chinese has no blanks. */
const wordsOf = (english: string, chinese: string): RegExp => new RegExp(`\\b(?:${english})\\b|${chinese}`, 'giu')
const COMPARISON = wordsOf(
  'compar(?:e|ed|es|ing|ison)|versus|vs|differ(?:s|ence|ences|ent)?|better|worse|cheaper|rather than|instead of|(?:dis)?advantages?'
    + '|pros and cons|trade-?offs?|which one|similarit(?:y|ies)',
  '比较|比較|相比|对比|對比|区别|區別|不同|差别|差別|差异|差異|哪个|哪個|哪种|哪種|还是|還是|优缺点|優缺點|优势|優勢|劣势|劣勢'
    + '|性价比|性價比|更好|更便宜',
)
const REASONING = wordsOf(
  'why|how come|explain(?:s|ed|ing)?|because|reason(?:s|ing)?|therefore|analy[sz]e|analysis|evaluate|prove|derive|calculat(?:e|ion)'
    + '|estimate|step[- ]by[- ]step|plan|design|optimi[sz]e|recommend|strategy|consequences?|implications?|impact|assum(?:e|ing)|suppose'
    + '|root cause|debug|summari[sz]e|justify|depends?',
  '为什么|為什麼|为何|為何|原因|解释|解釋|分析|评估|評估|证明|證明|推导|推導|计算|計算|步骤|步驟|规划|規劃|设计|設計|优化|優化'
    + '|建议|建議|方案|策略|后果|後果|影响|影響|如果|假设|假設|怎么办|怎麼辦|原理|总结|總結|因此|所以',
)
const NUMBER = /\d+(?:[.,:]\d+)*/g
/** A fence, a call, an assignment, a tag, an operator, a line of a stack trace, or an SQL query. */
const CODE = new RegExp(
  [
    '```|`[^`\\n]{2,}`',
    String.raw`\w\([^()\n]{0,80}\)\s*[{;]|[;{}]\s*\n|=>|===?|!==?|<\/?[a-z][\w-]*>`,
    String.raw`\bat \S+:\d+|Traceback \(most|\bSELECT .{1,40} FROM\b`,
  ].join('|'),
  'u',
)

/**
 * How hard a message is to answer, 0 to 1: a guess from its form, in far less than a millisecond, without a model.
 *
 * ```
 * score = min(1, 0.35 length + 0.2 questions + 0.35 reasoning + 0.25 comparison + 0.1 history + 0.1 spread + 0.25 code + 0.1 numbers)
 *
 * length     = min(1, log2(1 + tokens / 16) / log2(1 + 512 / 16))     tokens as estimateTokens estimates them
 * questions  = min(1, (questions - 1) / 3)                            marks ? and ？, 吗 and 呢 at the end of a clause
 * reasoning  = min(1, words / 3)                                      different words such as why, explain, 为什么, 分析
 * comparison = min(1, words / 3)                                      different words such as compare, better, 区别, 还是
 * history    = 1 if it is understood only with earlier turns
 * spread     = min(1, (passages with 0.85 of the best score - 1) / 4) an answer from several sources
 * code       = 1 if it has code
 * numbers    = min(1, numbers / 8)
 * ```
 *
 * The weights are chosen by hand so that everyday questions are below 0.3 and multi-part analyses above 0.8; they are no fit to data.
 */
export function complexityOf({ text, needsHistory = false, passageScores = [] }: ComplexityQuery): number {
  const looked = text.slice(0, TEXT_CHARS_MAX)
  // Only the beginning is looked at by character.
  const tokens = estimateTokens(looked) * (text.length / Math.max(1, looked.length))
  const best = passageScores[0] ?? 0
  const near = best > 0 ? passageScores.filter((score) => score >= best * SPREAD_SHARE).length : 0
  const score =
    WEIGHTS.length * share(Math.log2(1 + tokens / 16), Math.log2(1 + TOKENS_FULL / 16))
    + WEIGHTS.questions * share(countOf(QUESTION, looked, QUESTIONS_FULL + 1) - 1, QUESTIONS_FULL)
    + WEIGHTS.reasoning * share(differentIn(REASONING, looked), WORDS_FULL)
    + WEIGHTS.comparison * share(differentIn(COMPARISON, looked), WORDS_FULL)
    + WEIGHTS.history * Number(needsHistory)
    + WEIGHTS.spread * share(near - 1, SPREAD_FULL)
    + WEIGHTS.code * Number(CODE.test(looked))
    + WEIGHTS.numbers * share(countOf(NUMBER, looked, NUMBERS_FULL), NUMBERS_FULL)
  return Math.min(1, Math.round(score * 1_000) / 1_000)
}

/** From where on a question goes to a larger model. */
export interface TierThresholds {
  /** Below it: small. */
  readonly mediumFrom: number
  /** From it on: large. */
  readonly largeFrom: number
}

export const tierOf = (complexity: number, { mediumFrom, largeFrom }: TierThresholds): Tier =>
  complexity >= largeFrom ? 'large' : complexity >= mediumFrom ? 'medium' : 'small'

const share = (value: number, full: number): number => Math.min(1, Math.max(0, value / full))

function countOf(pattern: RegExp, text: string, max: number): number {
  let count = 0
  for (const _ of text.matchAll(pattern)) if (++count >= max) break
  return count
}

function differentIn(pattern: RegExp, text: string): number {
  const words = new Set<string>()
  let count = 0
  for (const [word] of text.matchAll(pattern)) {
    if (words.add(word.toLowerCase()).size >= WORDS_FULL || ++count >= MATCHES_MAX) break
  }
  return words.size
}
