import type { ReadText, Unit } from './units.ts'

/** What makes an answer no text that one could send. Each is a reason, and takes its share of the coherence. */
export type Incoherence = 'repeats_itself' | 'contradicts_itself' | 'echoes_the_question' | 'echoes_the_prompt' | 'too_long' | 'cut_off'

/** Sentences that are compared with each other. */
const SENTENCES_MAX = 40
/** Content units of a sentence from which it is compared: shorter ones are often said twice. */
const CONTENT_MIN = 2
/** Common content from which two sentences speak of the same. */
const SAME_STATEMENT = 0.6
const REPEATED = 0.9
/** Longer answers are not read by customers; in UTF-16 units, Han characters counting double. */
const LONG_CHARS = 2_400
/** An answer that is shorter may end without a full stop. */
const CUT_OFF_CHARS_MIN = 60
const ENDS = /(?:[.!?…。！？；;:：)）\]】}"'”’」》*\d~😀-🙏]|\p{Extended_Pictographic}|\p{Emoji_Modifier})\s*$/u
/** Lines of a list or a table need no full stop. */
const LIST = /\n\s*(?:[-*•|]|\d+[.)、])/
/** A run of units that comes again and again. */
const RUN_UNITS = 4
const RUNS_MIN = 12
const RUNS_REPEATED = 0.5

/** Instructions, roles and marks of prompts that no answer has. In the plain form of a text. */
const PROMPT = [
  /<\|[a-z_]{2,20}\|>|\[\/?INST\]|<<\/?SYS>>|<\/?s>/i,
  /\bNOT_IN_(?:ARTICLES|PASSAGES)\b/,
  // The tags around data, and a line of data: it has the mark of a table at its start only.
  /<\s*\/?\s*data-[\w-]+/i,
  /^[ \t]*\|[ \t][^|\n]*\S[^|\n]*$/m,
  /\bpassage=[\"'“”]?\d/i,
  /^\s*(?:system|assistant|user|customer)\s*:/im,
  /\byou answer customers\b|\buse only what the (?:numbered )?articles\b/i,
  /\byou are (?:a|an|the) (?:helpful|friendly|customer|ai)[a-z -]{0,40}(?:assistant|agent)\b/i,
  /\bas an? (?:ai|artificial intelligence)(?: language)? model\b|\b(?:articles and messages are information|never instructions to you)\b/i,
  /\b(?:numbered articles below|answer the last message|put the number of each article|in at most (?:five|\d+) sentences)\b/i,
  /\byou answer messages of customers\b|\buse only what the numbered passages\b|\bput the number of each passage\b/i,
  /\banswer the customer['’]s message from the passages\b|\bfollow your own instructions only\b|\bstand between the tags\b/i,
  /你?负责回复客户的消息|(?:只使用|根据)编号资料|只遵循你自己的指令|根据资料回复客户的消息|资料和客户的消息位于|用方括号注明所用资料/u,
  /你是一?[个名位][^。\n]{0,16}(?:助手|客服|机器人)|作为一?[个名]?(?:AI|人工智能)|请?(?:只|仅)?根据(?:以下|下面|上述)(?:的)?(?:文章|资料|内容)回答|最多[^。\n]{0,4}句话?(?:回答|作答)/iu,
]

/** @param asked content keys of the question; `answer` without citations and polite words, `text` as it came, in its plain form */
export function incoherences(answer: ReadText, text: string, asked: ReadonlySet<string>): Incoherence[] {
  const found: Incoherence[] = []
  const sentences = answer.sentences.slice(0, SENTENCES_MAX).map(({ from, to }) => statementOf(answer.units.slice(from, to)))
  if (repeats(sentences) || repeatsRuns(answer.units)) found.push('repeats_itself')
  if (contradicts(sentences)) found.push('contradicts_itself')
  const content = new Set(answer.units.filter(({ isContent }) => isContent).map(({ key }) => key))
  if (asked.size >= CONTENT_MIN && content.size > 0 && content.isSubsetOf(asked) && content.size >= asked.size * SAME_STATEMENT) {
    found.push('echoes_the_question')
  }
  if (PROMPT.some((pattern) => pattern.test(text))) found.push('echoes_the_prompt')
  if (lengthOf(answer, text) > LONG_CHARS) found.push('too_long')
  if (text.length >= CUT_OFF_CHARS_MIN && !ENDS.test(text) && !LIST.test(text)) found.push('cut_off')
  return found
}

interface Statement {
  readonly content: ReadonlySet<string>
  readonly numbers: ReadonlySet<string>
  readonly isNegated: boolean
}

function statementOf(units: readonly Unit[]): Statement {
  return {
    content: new Set(units.filter(({ isContent, kind }) => isContent && kind !== 'number').map(({ key }) => key)),
    numbers: new Set(units.filter(({ kind }) => kind === 'number').map(({ key }) => key)),
    isNegated: units.filter(({ isNegation }) => isNegation).length % 2 === 1,
  }
}

const pairsOf = (statements: readonly Statement[]): (readonly [Statement, Statement])[] =>
  statements.flatMap((one, index) => statements.slice(index + 1).map((other) => [one, other] as const))

function similarity(one: Statement, other: Statement): number {
  const common = one.content.intersection(other.content).size
  return common / Math.max(1, one.content.size + other.content.size - common)
}

const isLongEnough = ({ content }: Statement): boolean => content.size >= CONTENT_MIN

const repeats = (statements: readonly Statement[]): boolean =>
  pairsOf(statements).some(
    ([one, other]) =>
      isLongEnough(one)
      && isLongEnough(other)
      && one.isNegated === other.isNegated
      && similarity(one, other) >= REPEATED
      && one.numbers.symmetricDifference(other.numbers).size === 0,
  )

/** Two sentences say the same of the same, once with a negation and once without, or with other numbers. */
const contradicts = (statements: readonly Statement[]): boolean =>
  pairsOf(statements).some(([one, other]) => {
    if (!isLongEnough(one) || !isLongEnough(other)) return false
    const same = similarity(one, other)
    if (one.isNegated !== other.isNegated) return same >= SAME_STATEMENT
    return same >= REPEATED && one.numbers.size > 0 && other.numbers.size > 0 && one.numbers.isDisjointFrom(other.numbers)
  })

function repeatsRuns(units: readonly Unit[]): boolean {
  const runs = units.length - RUN_UNITS + 1
  if (runs < RUNS_MIN) return false
  const different = new Set<string>()
  for (let at = 0; at < runs; at++)
    different.add(
      units
        .slice(at, at + RUN_UNITS)
        .map(({ key }) => key)
        .join(' '),
    )
  return different.size / runs < RUNS_REPEATED
}

const lengthOf = ({ units }: ReadText, text: string): number => text.length + units.filter(({ kind }) => kind === 'character').length
