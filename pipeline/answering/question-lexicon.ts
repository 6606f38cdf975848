/** Phrases of a language, with what they mean for a comparison of questions. */
export interface QuestionLexicon {
  /** The longest phrase that begins at a token. `undefined` where none does. */
  at(tokens: readonly string[], from: number): Phrase | undefined
}

/** What a phrase of `length` tokens means. No meaning: it says nothing. */
export interface Phrase {
  readonly length: number
  readonly meaning: readonly string[]
}

/**
 * Reads a table of lines `meaning: phrase, phrase`. The tokens of a meaning are words, or marks with a sign before them: `?` what is asked
 * for, `@` a person, `^` must or may, `>` a direction, `~` a verb that says
 * little, `#` a number; `not` is a negation. Of equal phrases the first counts.
 *
 * @param tokensOf cuts a phrase into tokens as it cuts a question
 */
export function readLexicon(table: string, tokensOf: (phrase: string) => readonly string[]): QuestionLexicon {
  const meanings = new Map<string, readonly string[]>()
  let lengthMax = 1
  for (const line of table.trim().split('\n')) {
    const end = line.indexOf(':')
    const meaning = line.slice(0, end).trim().split(' ').filter(Boolean)
    for (const phrase of line.slice(end + 1).split(',')) {
      const tokens = tokensOf(phrase)
      const key = tokens.join(' ')
      if (key === '' || meanings.has(key)) continue
      meanings.set(key, meaning)
      lengthMax = Math.max(lengthMax, tokens.length)
    }
  }
  return {
    at(tokens, from) {
      for (let length = Math.min(lengthMax, tokens.length - from); length > 0; length--) {
        const meaning = meanings.get(tokens.slice(from, from + length).join(' '))
        if (meaning !== undefined) return { length, meaning }
      }
      return undefined
    },
  }
}
