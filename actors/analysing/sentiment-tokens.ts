import { foldText } from '../core/fold-text.ts'

/** Code units of a text that are read; the rest is left out. */
export const SENTIMENT_CHARACTERS_MAX = 2_000
/** Tokens of a text that are read, at most. */
const TOKENS_MAX = 600

const EMOTICON = String.raw`[:;=]'?-?[)(\]\[dp|/](?![a-z0-9])|<\/?3(?!\d)|\^_?\^|t_t|q_q|>_<|-_-|x_x|o_o`
const TOKEN = new RegExp(
  [
    EMOTICON,
    '\\p{Script=Han}',
    '[a-z0-9]+',
    '(?:(?!\\p{Script=Han})[\\p{L}\\p{M}\\p{N}])+',
    '\\p{Extended_Pictographic}',
    '[,.!?;:~^"“”()%$\\n。、/*-]',
  ].join('|'),
  'gu',
)
const APOSTROPHE = /(?<=\p{L})['’ʼ`´](?=\p{L})/gu
const NO_WORDS = /https?:\/\/\S+|www\.\S+|@[\w.-]+/g
/** `soooo` and 哈哈哈哈: a letter or a character that is drawn out. */
const DRAWN_OUT = /([a-z\p{Script=Han}])\1{2,}/gu

/**
 * The tokens of a text for sentiment: words without apostrophes, single Han characters, emoji, emoticons and punctuation, folded by
 * `foldText`. What is drawn out keeps two of its letters.
 */
export function sentimentTokens(text: string): string[] {
  const start = text.length > SENTIMENT_CHARACTERS_MAX ? text.slice(0, SENTIMENT_CHARACTERS_MAX) : text
  const plain = foldText(start.toWellFormed()).replace(NO_WORDS, ' ').replace(APOSTROPHE, '').replace(DRAWN_OUT, '$1$1')
  const tokens = plain.match(TOKEN) ?? []
  return tokens.length > TOKENS_MAX ? tokens.slice(0, TOKENS_MAX) : tokens
}
