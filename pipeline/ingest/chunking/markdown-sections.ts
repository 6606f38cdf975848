import { DomHandler } from 'domhandler'
import { Parser } from 'htmlparser2'
import MarkdownIt, { type Token } from 'markdown-it'
import { sectionsOf, type Titled, VERBATIM } from './html-sections.ts'

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
  const page = new DomHandler()
  const parser = new Parser(page, { decodeEntities: true })
  addBlocks(text.slice(front?.[0].length ?? 0), page, parser)
  parser.end()
  const { sections, title: first } = sectionsOf(page.root)
  const title = TITLE_FIELD.exec(front?.[1] ?? '')?.[1]
    ?.replaceAll(/^["']|["']$/g, '')
    .trim()
  return { title: title || first, sections }
}

/** Adds the blocks of a text to a page: its HTML as markup, headings and tables as their elements, all else as it is written. */
function addBlocks(text: string, page: DomHandler, parser: Parser): void {
  const lines = text.split('\n')
  const tokens = blocks.parse(text, {})
  const add = (name: string, content: string): void => {
    page.onopentag(name, {})
    page.ontext(content)
    page.onclosetag()
  }
  let from = 0
  const addLinesTo = (to: number): void => {
    const between = lines.slice(from, to).join('\n')
    if (between.trim() !== '') add(VERBATIM, between)
  }
  for (const [index, { type, level, map, tag, content }] of tokens.entries()) {
    if (map === null || map[0] < from) continue
    const isTable = type === 'table_open'
    if (!isTable && (level > 0 || (type !== 'heading_open' && type !== 'html_block'))) continue
    addLinesTo(map[0])
    from = map[1]
    if (isTable) addTable(tokens.slice(index, closeOf(tokens, index)), page, add)
    else if (type === 'heading_open') add(tag, titleOf(tokens[index + 1]?.content ?? ''))
    else parser.write(content)
  }
  addLinesTo(lines.length)
}

const closeOf = (tokens: readonly Token[], from: number): number => {
  const close = tokens.findIndex(({ type }, index) => index > from && type === 'table_close')
  return close === -1 ? tokens.length : close
}

/** Adds a table; its cells are inline tokens between those of its rows. */
function addTable(tokens: readonly Token[], page: DomHandler, add: (name: string, content: string) => void): void {
  page.onopentag('table', {})
  for (const [index, { type }] of tokens.entries()) {
    if (type === 'tr_open') page.onopentag('tr', {})
    else if (type === 'tr_close') page.onclosetag()
    else if (type === 'th_open' || type === 'td_open') add(type.slice(0, 2), tokens[index + 1]?.content ?? '')
  }
  page.onclosetag()
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
