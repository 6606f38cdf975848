import type { Piece } from './pack-chunks.ts'

const MODIFIERS = [
  'export',
  'default',
  'declare',
  'public',
  'private',
  'protected',
  'internal',
  'static',
  'final',
  'abstract',
  'async',
  'override',
  'virtual',
  'inline',
  'extern',
  'unsafe',
  'pub(?:\\([^)]*\\))?',
  'data',
  'sealed',
  'open',
  'partial',
  'readonly',
].join('|')
/** The first line of a definition in common languages. */
const DEFINITION = new RegExp(
  `^(?:(?:${MODIFIERS})\\s+)*(?:${[
    'function\\b',
    'class\\b',
    'interface\\b',
    'enum\\b',
    'type\\s+\\w',
    'namespace\\b',
    'module\\b',
    'def\\b',
    'fn\\b',
    'func\\b',
    'fun\\b',
    'struct\\b',
    'impl\\b',
    'trait\\b',
    'object\\b',
    'record\\b',
    'protocol\\b',
    'extension\\b',
    'macro_rules!',
    'sub\\s+\\w',
    'proc\\b',
    'union\\b',
    'typedef\\b',
    '#define\\b',
    '(?:const|let|var|val)\\s+[\\w$]+',
    'create\\s+(?:or\\s+replace\\s+)?(?:table|view|function|procedure|trigger|type)\\b',
    '[\\w:<>,*&\\[\\]]+(?:\\s+[\\w:<>,*&\\[\\]]+){0,4}\\s*\\([^;]*\\)\\s*(?:const\\s*)?(?:[:{]|=>|$)',
  ].join('|')})`,
  'i',
)
/** Statements that match the last alternative of `DEFINITION` but define nothing. */
const STATEMENT = /^(?:if|else|for|while|switch|catch|return|do|try|with|await|throw|elif|when|match|print|using)\b/
/** Comments, decorators and attributes that belong to the definition below them. */
const ABOVE = /^\s*(?:\/\/|\/\*|\*|#(?!define|include|!)|--|@|"""|'''|\[<?[A-Z]\w*)/
/** Only this many characters of a line are matched. */
const LINE_CHARS_MAX = 400

/**
 * Splits code at its outermost definitions, with the comments and decorators above them. A definition larger than `sizeMax` is split at its
 * inner definitions and at empty lines.
 */
export function definitionsOf(code: string, sizeMax: number, sizeOf: (text: string) => number): Piece[] {
  const lines = code.split(/(?<=\n)/)
  const outer = outermost(lines)
  return unitsOf(lines, outer).flatMap((unit): Piece[] => {
    const text = unit.join('')
    if (sizeOf(text) <= sizeMax || unit.length === 1) return [{ text, isBoundary: true }]
    const inner = outermost(unit.slice(1), outer + 1)
    const parts = inner === Infinity ? [unit] : unitsOf(unit, inner)
    return parts.flatMap((part, index) => blocksOf(part).map((block, place) => ({ text: block, isBoundary: index > 0 && place === 0 })))
  })
}

/** Groups lines into units; each unit but the first starts with a definition at this indent. */
function unitsOf(lines: readonly string[], indent: number): string[][] {
  const units: string[][] = []
  let unit: string[] = []
  for (const [index, line] of lines.entries()) {
    if (startsAt(lines, index, indent) && unit.length > 0) {
      units.push(unit)
      unit = []
    }
    unit.push(line)
  }
  return unit.length === 0 ? units : [...units, unit]
}

/** Whether a unit starts at this line: the definition itself, or the first of the comments and decorators above it. */
function startsAt(lines: readonly string[], index: number, indent: number): boolean {
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
  const start = line.trim().slice(0, LINE_CHARS_MAX)
  return DEFINITION.test(start) && !STATEMENT.test(start)
}

/** The smallest indent of at least `min`; `Infinity` if no line has one. */
const outermost = (lines: readonly string[], min = 0): number =>
  lines.map(indentOf).reduce((least, indent) => (indent >= min && indent < least ? indent : least), Infinity)

/** Columns before the first character, four for a tab; -1 for an empty line. */
function indentOf(line: string): number {
  const blanks = /^[ \t]*/.exec(line)?.[0] ?? ''
  return blanks.length === line.trimEnd().length ? -1 : blanks.replaceAll('\t', '    ').length
}

/** Splits lines at empty lines. */
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
