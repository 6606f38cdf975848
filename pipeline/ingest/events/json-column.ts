/** A token of JSON, or blanks. */
const TOKEN =
  /\s+|[{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
const POSITION = /at position (\d+)/
const WANTS_VALUE = new Set([':', ','])
const ENDS = new Set(['}', ']', ',', ':'])

/** Parses a line of JSON; where it is none, the column of the problem, from 1, and what it is. */
export function parseLine(line: string): { readonly value: unknown } | { readonly column: number; readonly problem: string } {
  try {
    return { value: JSON.parse(line) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const [, position] = POSITION.exec(message) ?? []
    const column = position === undefined ? columnOf(line) : Number(position) + 1
    return { column, problem: message.replace(/ in JSON at position.*$/s, '').replace(/, "?\.*"?[^]* is not valid JSON$/, '') }
  }
}

/** The column of the first text that is no token of JSON, or of an end where a value must be; else that of the end. */
function columnOf(line: string): number {
  let before = ''
  for (let at = 0; at < line.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const [token] = TOKEN.exec(line) ?? []
    if (token === undefined || (WANTS_VALUE.has(before) && ENDS.has(token))) return at + 1
    if (token.trim() !== '') before = token
  }
  return line.length + 1
}

/** The column of the value that a path leads to, from 1: 1 where the text has no such names, as where a field is missing. */
export function columnOfPath(line: string, path: readonly string[]): number {
  let at = 0
  for (const name of path) {
    const found = line.indexOf(`${JSON.stringify(name)}`, at)
    if (found < 0) break
    at = found + JSON.stringify(name).length
  }
  return at === 0 ? 1 : at - JSON.stringify(path.at(-1) ?? '').length + 1
}
