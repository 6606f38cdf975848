import MarkdownIt, { type Token } from 'markdown-it'
import { htmlSections, type Titled, VERBATIM } from './html-sections.ts'

const markdown = new MarkdownIt({ html: true })
/** Only blocks matter for the cut. The text of blocks stays as it is written. */
const blocks = new MarkdownIt({ html: true })
blocks.core.ruler.enableOnly(['normalize', 'block'])

const FRONT_MATTER = /^---\n(?:([^]{0,20000}?)\n)?---[ \t]*(?:\n|$)/
const TITLE_FIELD = /^title:[ \t]*(.+)$/m

/**
 * Splits Markdown (CommonMark with the tables of GitHub) at its headings, those of its HTML included. The front matter gives the title and
 * is removed.
 */
export function markdownSections(text: string): Titled {
  const front = FRONT_MATTER.exec(text)
  const { sections, title: first } = htmlSections(pageOf(text.slice(front?.[0].length ?? 0)))
  const title = TITLE_FIELD.exec(front?.[1] ?? '')?.[1]
    ?.replaceAll(/^["']|["']$/g, '')
    .trim()
  return { title: title || first, sections }
}

/** The blocks of a text as a page: its HTML as markup, headings and tables as their elements, all else as it is written. */
function pageOf(text: string): string {
  const lines = text.split('\n')
  const tokens = blocks.parse(text, {})
  const page: string[] = []
  let from = 0
  const addLinesTo = (to: number): void => {
    const between = lines.slice(from, to).join('\n').replace(OUTER_EMPTY_LINES, '').trimEnd()
    if (between !== '') page.push(element(VERBATIM, between))
  }
  for (const [index, { type, level, map, tag, content }] of tokens.entries()) {
    if (map === null || map[0] < from) continue
    const isTable = type === 'table_open'
    if (!isTable && (level > 0 || (type !== 'heading_open' && (type !== 'html_block' || isCutShort(content))))) continue
    addLinesTo(map[0])
    from = map[1]
    if (isTable) page.push(tableOf(tokens.slice(index, closeOf(tokens, index)), lines))
    else if (type === 'heading_open') page.push(element(tag, titleOf(tokens[index + 1]?.content ?? '')))
    else page.push(content)
  }
  addLinesTo(lines.length)
  return page.join('')
}

const OUTER_EMPTY_LINES = /^(?:[ \t]*\n)+/

const TAGS = /<[a-z/!?](?:"[^"]*"|'[^']*'|[^'">])*>/gi
/** Elements whose content is no markup: without their end, the rest of the page is their text. */
const RAW = /<(title|textarea|script|style|iframe|noembed|noframes|noscript|plaintext|xmp)\b/gi

/** Whether a part of HTML ends inside a tag, or inside an element without markup. It is text then, so that nothing after it is lost. */
function isCutShort(html: string): boolean {
  if (/<[a-z/]/i.test(html.replace(/<!--[^]*?-->/g, '').replace(TAGS, ''))) return true
  return [...html.matchAll(RAW)].some(([, name = '']) => !html.toLowerCase().includes(`</${name.toLowerCase()}`))
}

const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;' }
const element = (name: string, text: string): string =>
  `<${name}>${text.replaceAll(/[&<]/g, (character) => ESCAPED[character] ?? '')}</${name}>`

const closeOf = (tokens: readonly Token[], from: number): number => {
  let to = from
  while (to < tokens.length && tokens[to]?.type !== 'table_close') to += 1
  return to
}

/** A table as markup; its cells are inline tokens between those of its rows. */
function tableOf(tokens: readonly Token[], lines: readonly string[]): string {
  let surplus = ''
  const parts = tokens.map(({ type, map }, index) => {
    if (type === 'tr_open') {
      const cells: string[] = []
      for (let at = index + 1; at < tokens.length && tokens[at]?.type !== 'tr_close'; at++) {
        if (tokens[at]?.type === 'inline') cells.push(tokens[at]?.content ?? '')
      }
      surplus = map === null ? '' : surplusOf(lines[map[0]] ?? '', cells)
      return '<tr>'
    }
    if (type !== 'th_open' && type !== 'td_open') return ''
    const isLast = tokens[index + 3]?.type === 'tr_close'
    return element(type.slice(0, 2), `${tokens[index + 1]?.content ?? ''}${isLast ? surplus : ''}`)
  })
  return `<table>${parts.join('')}</table>`
}

/** The text of a row behind the last column, which GitHub leaves out. A pipe in code, which divides cells there, is the usual cause. */
function surplusOf(line: string, cells: readonly string[]): string {
  const written = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '')
    .split(/(?<!\\)\|/)
  const textOf = (cell: string | undefined): string => cell?.trim().replaceAll('\\|', '|') ?? ''
  // The mark of a list or of a quotation before the row looks like a cell.
  const from = [0, 1].find((skipped) => cells.every((cell, column) => textOf(written[column + skipped]) === cell))
  const more = from === undefined ? [] : written.slice(from + cells.length)
  return more.some((cell) => cell.trim() !== '') ? ` |${more.map((cell) => cell.replaceAll('\\|', '|')).join('|')}`.trimEnd() : ''
}

/** A heading without marks such as those of links and code. Images have no text, unless the heading is nothing else. */
function titleOf(heading: string): string {
  const spans = markdown.parseInline(heading, {}).flatMap(({ children }) => children ?? [])
  const textOf = (withImages: boolean): string =>
    spans
      .map(({ type, content }) => {
        if (type === 'softbreak' || type === 'hardbreak') return ' '
        return type === 'text' || type === 'code_inline' || type === 'text_special' || (withImages && type === 'image') ? content : ''
      })
      .join('')
      .trim()
  return textOf(false) || textOf(true)
}
