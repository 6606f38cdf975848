import { foldHan } from '../../core/fold-text.ts'
import { tokensOf } from './tokens.ts'

/** Tokens of a message that are read. One that has more is not all of closed terms. */
const TOKENS_MAX = 400

/** Terms that are found in a text as sequences of tokens: an English word stands for all its forms. */
export interface ClosedTerms {
  /**
   * The terms of a text, in order; `undefined` where it has anything else, or nothing, or is long. Of terms that begin at the same token
   * the longest is taken.
   */
  allOf(text: string): readonly string[] | undefined
  /** The terms in a text, whatever else it has. */
  in(text: string): readonly string[]
}

/** @param lists names of groups, with their terms separated by commas; a term found is named by its group */
export function createClosedTerms(lists: Readonly<Record<string, string>>): ClosedTerms {
  const groups = new Map<string, string>()
  for (const [group, list] of Object.entries(lists)) {
    for (const term of list.split(',')) {
      const key = tokensOf(term).join(' ')
      if (key !== '' && !groups.has(key)) groups.set(key, group)
    }
  }
  const lengthMax = Math.max(...[...groups.keys()].map((key) => key.split(' ').length))

  function* read(text: string): Generator<string | undefined> {
    const tokens = tokensOf(foldHan(text)).slice(0, TOKENS_MAX + 1)
    for (let at = 0; at < tokens.length;) {
      const lengths = Array.from({ length: Math.min(lengthMax, tokens.length - at) }, (_, index) => index + 1).reverse()
      const length = lengths.find((one) => groups.has(tokens.slice(at, at + one).join(' ')))
      yield length === undefined ? undefined : groups.get(tokens.slice(at, at + length).join(' '))
      at += length ?? 1
    }
  }
  return {
    allOf(text) {
      const found: string[] = []
      for (const group of read(text)) {
        if (group === undefined || found.length === TOKENS_MAX) return undefined
        found.push(group)
      }
      return found.length === 0 ? undefined : found
    },
    in: (text) => [...read(text)].filter((group) => group !== undefined),
  }
}
