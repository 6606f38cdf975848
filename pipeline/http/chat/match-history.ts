/** A message of the user as a client remembers it, and the text that it has as the answer, empty where it has none. */
export interface GivenTurn {
  readonly text: string
  readonly answer: string
}

/** A message of the user as it is recorded, with the replies after it. */
export interface KnownTurn {
  readonly text: string
  readonly replies: readonly string[]
}

export interface MatchOptions {
  /** Whether `known` are all turns of the conversation, and not only its end. */
  readonly isWhole: boolean
  /** The last message is new, although it may say the same as the last known one. Default: one that says the same is that one. */
  readonly isLastNew?: boolean
}

/**
 * Finds where the history that a client gives continues what is recorded.
 *
 * The messages of the user must be the recorded ones, in order, up to the last; an answer must be made of the replies that are recorded
 * after its message, in order. Whitespace counts as one blank. A client may lack replies, which it has perhaps never got, and it may lack
 * the beginning of the conversation, or know of one before it. If several places fit, the one with the most answers in common is taken.
 *
 * @returns how many of the given turns are known, the rest is new; `undefined` where the two contradict each other
 */
export function matchHistory(
  known: readonly KnownTurn[],
  given: readonly GivenTurn[],
  { isWhole, isLastNew = false }: MatchOptions,
): number | undefined {
  // What a client remembers of another conversation is not taken up: it continues after its last answer.
  if (known.length === 0) return given.findLastIndex(({ answer }) => normal(answer) !== '') + 1
  const [recorded, remembered] = [
    known.map(({ text, replies }) => ({ text: normal(text), replies: replies.map(normal).filter((reply) => reply !== '') })),
    given.map(({ text, answer }) => ({ text: normal(text), answer: normal(answer) })),
  ]
  const newestKnown = given.length - (isLastNew ? 1 : 0)
  const fits = (count: number): number | undefined => {
    if (remembered.slice(count).some(({ answer }) => answer !== '')) return undefined
    let answers = 0
    // Turns of the client from before what is known cannot be compared.
    for (let [index, at] = [count - 1, recorded.length - 1]; index >= 0 && at >= 0; index -= 1, at -= 1) {
      const [turn, own] = [recorded[at], remembered[index]]
      if (turn === undefined || own === undefined || turn.text !== own.text || !isMadeOf(own.answer, turn.replies)) return undefined
      if (own.answer !== '') answers += 1
    }
    return answers
  }
  if (isWhole && recorded.length <= newestKnown && fits(recorded.length) !== undefined) return recorded.length
  let best: { readonly count: number; readonly answers: number } | undefined
  for (let count = newestKnown; count >= 0; count -= 1) {
    const answers = fits(count)
    if (answers !== undefined && (best === undefined || answers > best.answers)) best = { count, answers }
  }
  return best?.count
}

const normal = (text: string): string => text.normalize('NFC').replaceAll(/\s+/g, ' ').trim()

/** Whether a text consists of some of these, in their order, joined by blanks. */
function isMadeOf(text: string, parts: readonly string[]): boolean {
  /** Lengths of beginnings of the text that the parts so far can make. */
  const reached = new Set([0])
  for (const part of parts) {
    for (const length of [...reached]) {
      const start = length === 0 ? 0 : length + 1
      if ((length === 0 || text[length] === ' ') && text.startsWith(part, start)) reached.add(start + part.length)
    }
  }
  return reached.has(text.length)
}
