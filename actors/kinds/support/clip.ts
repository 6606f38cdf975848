/** Runs of blanks, line ends and control characters. */
const BLANKS = /[\s\p{Cc}]+/gu
/** Matches text that is not yet on one line with single spaces. Most texts are, and a test is cheaper than a replacement. */
const UNTIDY = /  |[^\S ]|\p{Cc}/u

/** Puts a text on one line and cuts it to at most `charsMax` UTF-16 units, between characters. An ellipsis marks the cut. */
export function clip(text: string, charsMax: number): string {
  const beginning = text.slice(0, charsMax * 4)
  const line = (UNTIDY.test(beginning) ? beginning.replace(BLANKS, ' ') : beginning).trim().toWellFormed()
  return line.length <= charsMax ? line : `${line.slice(0, charsMax - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** As `clip`, but keeps the lines, and one empty line between paragraphs: rows of a table and their cells are lines. */
export function clipLines(text: string, charsMax: number): string {
  const lines = text
    .slice(0, charsMax * 4)
    .split('\n')
    .map((line) => clip(line, charsMax))
  const tidy = lines.filter((line, index) => line !== '' || lines[index - 1] !== '').join('\n')
  return tidy.length <= charsMax ? tidy.trim() : `${tidy.slice(0, charsMax - 1).replace(/[\ud800-\udbff]$/, '')}…`.trim()
}
