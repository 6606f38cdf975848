/** Characters that mean something to Markdown wherever they stand. */
const ANYWHERE = /[\\`*_[\]<>|~]/g
/** The beginning of an entity. */
const ENTITY = /&(?=#?\w+;)/g
/** What makes a heading, a list or a rule at the start of a line. */
const AT_START = /^([#+=-])/
const NUMBER_AT_START = /^(\d+)([.)])/

/**
 * A value as text that Markdown shows as it is: data cannot add a heading, a clause, a link or HTML to a document. A line break stays one
 * within its paragraph.
 */
export function escapeMarkdown(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(escapeMarkdown).join(', ')
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') throw new Error('this is an object; write one of its fields, as in {{ customer.name }}')
  return value
    .split(/\r\n?|\n/)
    .map((line) =>
      line.trim().replace(ANYWHERE, '\\$&').replace(ENTITY, '\\&').replace(AT_START, '\\$1').replace(NUMBER_AT_START, '$1\\$2'),
    )
    .filter((line, index, lines) => line !== '' || lines.length === 1 || index === 0)
    .join('\\\n')
}
