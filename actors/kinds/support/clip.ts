/** Everything that is no text to read: runs of blanks, line ends and control characters. */
const BLANKS = /[\s\p{Cc}]+/gu
/** What is not on one line with single spaces yet: most texts are, and looking costs less than replacing. */
const UNTIDY = /  |[^\S ]|\p{Cc}/u

/** A text on one line, at most so many UTF-16 units long, cut between characters; an ellipsis shows that it was cut. */
export function clip(text: string, charsMax: number): string {
  const beginning = text.slice(0, charsMax * 4)
  const line = (UNTIDY.test(beginning) ? beginning.replace(BLANKS, ' ') : beginning).trim().toWellFormed()
  return line.length <= charsMax ? line : `${line.slice(0, charsMax - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
