import { SPECIAL, vocabulary } from './characters.ts'

const [PAD, UNKNOWN, BLANK] = SPECIAL

const replace = (regex: string, content: string) => ({ type: 'Replace', pattern: { Regex: regex }, content })

/**
 * A tokenizer of single characters in the format of transformers.js. It lower-cases letters, removes accents, invisible characters and
 * apostrophes, and maps full-width to half-width forms. It replaces each run of characters other than letters, digits and pictures by one
 * blank.
 */
export function tokenizerJson(): string {
  const { characters } = vocabulary()
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [PAD, UNKNOWN].map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFKD' },
        replace("[\\u0300-\\u036f\\u064b-\\u0652\\ufe00-\\ufe0f\\p{Cf}'\\u2019]+", ''),
        { type: 'NFC' },
        { type: 'Lowercase' },
        replace('[^\\p{L}\\p{M}\\p{N}\\p{So}]+', BLANK),
      ],
    },
    pre_tokenizer: { type: 'Split', pattern: { Regex: '[\\s\\S]' }, behavior: 'Isolated', invert: true },
    post_processor: null,
    decoder: null,
    model: {
      type: 'WordPiece',
      unk_token: UNKNOWN,
      continuing_subword_prefix: '',
      max_input_chars_per_word: 1,
      vocab: Object.fromEntries(characters.map((character, id) => [character, id])),
    },
  })
}

export const tokenizerConfigJson = (tokensMax: number): string =>
  JSON.stringify({ tokenizer_class: 'PreTrainedTokenizerFast', pad_token: PAD, unk_token: UNKNOWN, model_max_length: tokensMax })
