const CITATION = /\s*\[(\d{1,3})\]/g

/** An answer without its citations. */
export interface CitedAnswer {
  readonly text: string
  /** Indexes, from 0, of the passages that it cites, in order; all of them where it cites none that there is. */
  readonly cited: readonly number[]
}

/** Reads the citations `[1]`, `[2]`, … of a model's answer. A number that no passage has is no citation. */
export function readCitations(answer: string, passages: number): CitedAnswer {
  const named = new Set(Array.from(answer.matchAll(CITATION), ([, number]) => Number(number) - 1))
  const all = Array.from({ length: passages }, (_, index) => index)
  const cited = all.filter((index) => named.has(index))
  return { text: withoutCitations(answer).trim(), cited: cited.length === 0 ? all : cited }
}

/** A text, or a piece of one that neither begins nor ends within a citation, without its citations and the blanks before them. */
export const withoutCitations = (text: string): string => text.replace(CITATION, '')
