import type { Piece } from './pack-chunks.ts'

/** A line that begins a definition, in the languages that people write, behind what may stand before it. */
const DEFINITION = new RegExp(`^(?:(?:export|default|declare|public|private|protected|internal|static|final|abstract|async|override|virtual|inline|extern|unsafe|pub(?:\\([^)]*\\))?|data|sealed|open|partial|readonly)\\s+)*(?:${[
  'function\\b', 'class\\b', 'interface\\b', 'enum\\b', 'type\\s+\\w', 'namespace\\b', 'module\\b', 'def\\b', 'fn\\b', 'func\\b', 'fun\\b', 'struct\\b', 'impl\\b', 'trait\\b',
  'object\\b', 'record\\b', 'protocol\\b', 'extension\\b', 'macro_rules!', 'sub\\s+\\w', 'proc\\b', 'union\\b', 'typedef\\b', '#define\\b',
  '(?:const|let|var|val)\\s+[\\w$]+', 'create\\s+(?:or\\s+replace\\s+)?(?:table|view|function|procedure|trigger|type)\\b',
  '[\\w:<>,*&\\[\\]]+(?:\\s+[\\w:<>,*&\\[\\]]+){0,4}\\s*\\([^;]*\\)\\s*(?:const\\s*)?(?:[:{]|=>|$)',
].join('|')})`, 'i')
/** What looks like the last of these and is none. */
const STATEMENT = /^(?:if|else|for|while|switch|catch|return|do|try|with|await|throw|elif|when|match|print|using)\b/
/** Belongs to the definition after it. */
const ABOVE = /^\s*(?:\/\/|\/\*|\*|#(?!define|include|!)|--|@|"""|'''|\[<?[A-Z]\w*)/
const LINE_LOOKED_AT_CHARS_MAX = 400

/** The definitions of a text of code, with what stands above them; what is larger than `sizeMax` is divided at the definitions within, then at empty lines. */
export function definitionsOf(code: string, sizeMax: number, sizeOf: (text: string) => number): Piece[] {
  const lines = code.split(/(?<=\n)/)
  const outer = outermost(lines)
  return unitsOf(lines, outer).flatMap((unit): Piece[] => {
    const text = unit.join('')
    if (sizeOf(text) <= sizeMax || unit.length === 1) return [{ text, begins: true }]
    const inner = outermost(unit.slice(1), outer + 1)
    const parts = inner === Infinity ? [unit] : unitsOf(unit, inner)
    return parts.flatMap((part, index) => blocksOf(part).map((block, place) => ({ text: block, begins: index > 0 && place === 0 })))
  })
}

/** Stretches of lines, each but the first beginning with a definition at an indent. */
function unitsOf(lines: readonly string[], indent: number): string[][] {
  const units: string[][] = []
  let unit: string[] = []
  for (const [index, line] of lines.entries()) {
    if (beginsAt(lines, index, indent) && unit.length > 0) {
      units.push(unit)
      unit = []
    }
    unit.push(line)
  }
  return unit.length === 0 ? units : [...units, unit]
}

/** Whether a definition begins at a line: at its own, or at the first of the comments and decorators above it. */
function beginsAt(lines: readonly string[], index: number, indent: number): boolean {
  const isAbove = (at: number): boolean => indentOf(lines[at] ?? '') >= indent && ABOVE.test(lines[at] ?? '')
  if (isAbove(index)) {
    if (isAbove(index - 1)) return false
    let after = index
    while (after < lines.length && isAbove(after)) after += 1
    return isDefinition(lines[after] ?? '', indent)
  }
  return isDefinition(lines[index] ?? '', indent) && !isAbove(index - 1)
}

function isDefinition(line: string, indent: number): boolean {
  if (indentOf(line) !== indent) return false
  const said = line.trim().slice(0, LINE_LOOKED_AT_CHARS_MAX)
  return DEFINITION.test(said) && !STATEMENT.test(said)
}

/** The least indent of lines, of those from `min` on; `Infinity` where there are none. */
const outermost = (lines: readonly string[], min = 0): number =>
  lines.map(indentOf).reduce((least, indent) => (indent >= min && indent < least ? indent : least), Infinity)

/** Columns before the first character, a tab as four; -1 of an empty line. */
function indentOf(line: string): number {
  const blanks = /^[ \t]*/.exec(line)?.[0] ?? ''
  return blanks.length === line.trimEnd().length ? -1 : blanks.replaceAll('\t', '    ').length
}

/** At empty lines. */
function blocksOf(lines: readonly string[]): string[] {
  const blocks: string[] = []
  let block = ''
  for (const [index, line] of lines.entries()) {
    block += line
    if (line.trim() === '' && (lines[index + 1] ?? '').trim() !== '') {
      blocks.push(block)
      block = ''
    }
  }
  return block === '' ? blocks : [...blocks, block]
}
