import { foldText } from '../../../actors/core/fold-text.ts'
import { type Cue, MESSAGE_CUES, TURN_CUES } from './act-cues.ts'

/** A turn of a conversation before the message; `agent` is a person of the service. */
export interface Turn {
  readonly role: 'user' | 'assistant' | 'agent' | 'system'
  readonly text: string
}

/** A sign in a message, or in the turns before it, that the model weighs. Its name is what `because` shows. */
export interface Feature {
  readonly name: string
  readonly value: number
}

/** Code points of a turn that are read; the rest says hardly more about its act, and would cost time. */
export const TURN_CODE_POINTS_MAX = 400
/** Turns before the message that are read, the last ones. */
export const HISTORY_TURNS_MAX = 6
/** Tokens of a message whose sequences are features. */
const TOKENS_MAX = 120
const SEQUENCE_TOKENS_MAX = 2

const TOKEN = /\p{Script=Han}|[\p{Script=Hiragana}\p{Script=Katakana}ー]+|[\p{L}\p{M}]+|\p{N}+|\p{Extended_Pictographic}|[?!]/gu
const APOSTROPHE = /(?<=\p{L})['’ʼ`´](?=\p{L})/gu
const REPEATED = /([a-z])\1{2,}/g
const NUMBER = /^\p{N}+$/u
const HAN = /\p{Script=Han}/u
const WORDS = /[\p{L}\p{N}\p{Extended_Pictographic}]/u

/** The start of a text, as the patterns of cues expect it: folded by `foldText`, without apostrophes, `nooo` as `no`. */
export function normaliseTurn(text: string): string {
  // A code point has at most two units; the cut in front keeps a text of megabytes cheap.
  const start = [...text.slice(0, 2 * TURN_CODE_POINTS_MAX)].slice(0, TURN_CODE_POINTS_MAX).join('')
  return foldText(start.toWellFormed()).replace(APOSTROPHE, '').replace(REPEATED, '$1').replace(/\s+/g, ' ').trim()
}

/** Whether a text has a letter, a digit or an emoji. */
export const hasWords = (text: string): boolean => WORDS.test(text)

/** The features of a message that follows the turns of `history`, oldest first. */
export function featuresOf(text: string, history: readonly Turn[]): Feature[] {
  const message = normaliseTurn(text)
  const tokens = message.match(TOKEN)?.slice(0, TOKENS_MAX) ?? []
  const turns = history.slice(-HISTORY_TURNS_MAX).map(({ role, text: said }) => ({ role, text: normaliseTurn(said) }))
  const context = contextOf(turns)
  const features: Feature[] = []
  const add = (name: string, value: number): void => void features.push({ name, value })
  const cues = MESSAGE_CUES.filter(({ pattern }) => pattern.test(message))
  add(`after: ${context}`, 1)
  for (const { name } of cues) {
    add(name, 1)
    add(`${name}, after: ${context}`, 0.7)
  }
  const length = lengthOf(tokens)
  add(`length: ${length}`, 0.5)
  add(`length: ${length}, after: ${context}`, 0.7)
  if (cues.length === 0) add(`no sign, after: ${context}`, 0.7)
  const [latest, earlier] = overlapsOf(tokens, turns)
  const has = (name: string): boolean => cues.some((one) => one.name === name)
  const form = `${has('has a question form') ? 'question' : 'statement'}${has('negates') ? ' that negates' : ''}`
  add(`repeats the last turn: ${latest}`, 1)
  add(`repeats earlier turns: ${earlier}`, 1)
  add(`${form}, repeats the last turn: ${latest}`, 1)
  add(`${form}, length: ${length}, repeats the last turn: ${latest}, after: ${context}`, 0.7)
  add(`${form}, after: ${context}`, 0.7)
  addSequences(tokens, context, add)
  return features
}

const lengthOf = (tokens: readonly string[]): string => {
  const words = tokens.reduce((sum, token) => sum + (HAN.test(token) ? 0.6 : 1), 0)
  return words <= 1 ? 'one word' : words <= 3 ? 'to 3 words' : words <= 6 ? 'to 6 words' : words <= 12 ? 'to 12 words' : 'more words'
}

/** What the turns before ask for, by the last turn that is not the user's. */
function contextOf(turns: readonly Turn[]): string {
  const last = turns.findLast(({ role }) => role === 'assistant' || role === 'agent')
  if (last === undefined) return turns.length === 0 ? 'nothing' : 'own turns'
  return TURN_CUES.find(({ pattern }: Cue) => pattern.test(last.text))?.name ?? 'tells'
}

/** How much of the content words occurs in the last turn that is not the user's, and in the turns before it. */
function overlapsOf(tokens: readonly string[], turns: readonly Turn[]): readonly [latest: string, earlier: string] {
  const last = turns.findLastIndex(({ role }) => role !== 'user')
  const parts = contentOf(tokens)
  const shareIn = (some: readonly Turn[]): string => {
    if (some.length === 0) return 'no turns'
    if (parts.length === 0) return 'no content'
    const before = some.map(({ text }) => text).join(' ')
    const share = parts.filter((part) => before.includes(part)).length / parts.length
    return share === 0 ? 'none' : share < 0.5 ? 'some' : 'most'
  }
  return [shareIn(last < 0 ? [] : turns.slice(last, last + 1)), shareIn(turns.filter((_, index) => index !== last))]
}

/** Letters of a word that counts as content. */
const CONTENT_WORD_MIN = 4

/** Longer words without their endings, and pairs of Han characters. */
function contentOf(tokens: readonly string[]): string[] {
  return tokens.flatMap((token, index) => {
    const next = tokens[index + 1]
    if (HAN.test(token)) return next !== undefined && HAN.test(next) ? [`${token}${next}`] : []
    return token.length >= CONTENT_WORD_MIN && !FUNCTION_WORDS.has(token) ? [token.replace(/(s|ed|ing)$/, '')] : []
  })
}

/** Words of `CONTENT_WORD_MIN` letters and more that say nothing of what a text is about. */
const FUNCTION_WORDS = new Set(
  (
    'about have that this with what when where which there would could should please they them your from been does much many just want '
    + 'need also then'
  ).split(' '),
)

/** Sequences of up to three tokens, with the start and the end of the message as tokens; digits are all the same. */
function addSequences(tokens: readonly string[], context: string, add: (name: string, value: number) => void): void {
  const marked = ['^', ...tokens.map((token) => (NUMBER.test(token) ? '0' : token)), '$']
  const value = 1 / Math.sqrt(Math.max(2, tokens.length))
  const seen = new Set<string>()
  for (let size = 1; size <= SEQUENCE_TOKENS_MAX; size += 1) {
    for (let index = 0; index + size <= marked.length; index += 1) {
      const part = marked.slice(index, index + size)
      const sequence = part.join(' ')
      if (sequence === '^' || sequence === '$' || seen.has(sequence)) continue
      seen.add(sequence)
      add(`"${sequence}"`, value)
    }
  }
  for (const token of tokens) {
    if (HAN.test(token) || token.length < 5 || seen.has(token.slice(0, 5) + '~')) continue
    seen.add(token.slice(0, 5) + '~')
    add(`"${token.slice(0, 5)}…"`, value)
  }
  if (tokens.length > 0) add(`begins "${marked[1] ?? ''}", after: ${context}`, 0.5)
}
