import MarkdownIt, { type Token } from 'markdown-it'

/** Blocks within blocks, such as a list in a quote. */
const NESTING_MAX = 20

/**
 * Markdown as documents have it: CommonMark with tables and crossed out words. HTML in it is text, and an image is the text that stands
 * for it, since a document loads nothing.
 */
const markdown = new MarkdownIt({ html: false, maxNesting: NESTING_MAX * 4 })
markdown.validateLink = (url) => /^(https?:|mailto:|#)/i.test(url.trim())

const CJK = /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u
// Between two characters of Chinese, a line break of the source is no blank.
markdown.core.ruler.push('cjk_breaks', ({ tokens }) => {
  for (const { children } of tokens) {
    for (const [index, child] of (children ?? []).entries()) {
      if (child.type === 'image') Object.assign(child, { type: 'text', content: child.content })
      if (child.type !== 'softbreak') continue
      const before = lastCharacter(children?.slice(0, index).findLast(({ content }) => content !== '')?.content)
      const after = [...(children?.slice(index + 1).find(({ content }) => content !== '')?.content ?? '')][0]
      const isWithin = before !== undefined && after !== undefined && CJK.test(before) && CJK.test(after)
      Object.assign(child, { type: 'text', content: isWithin ? '' : ' ' })
    }
  }
})
const lastCharacter = (text = ''): string | undefined => [...text.slice(-2)].at(-1)

/** A run of text in one style. */
export interface Run {
  readonly text: string
  readonly bold?: boolean
  readonly italic?: boolean
  readonly strike?: boolean
  readonly code?: boolean
  readonly link?: string
}
/** A paragraph as its lines: it is broken between them in any case. */
export type Lines = readonly (readonly Run[])[]

/** A block of a document. */
export type Block =
  | { readonly type: 'heading'; readonly level: number; readonly lines: Lines }
  | { readonly type: 'paragraph'; readonly lines: Lines; readonly isTight?: boolean }
  | { readonly type: 'code'; readonly text: string }
  | { readonly type: 'rule' }
  | { readonly type: 'quote'; readonly blocks: readonly Block[] }
  | { readonly type: 'list'; readonly start: number | undefined; readonly items: readonly (readonly Block[])[] }
  | { readonly type: 'table'; readonly rows: readonly (readonly Lines[])[] }

/** A text of Markdown, read once for all formats. */
export interface ReadMarkdown {
  /** HTML of its body. */
  readonly html: string
  readonly blocks: readonly Block[]
}

/** Reads Markdown. */
export function readMarkdown(text: string): ReadMarkdown {
  const tokens = markdown.parse(text, {})
  return { html: markdown.renderer.render(tokens, markdown.options, {}), blocks: blocksOf(tokens) }
}

/** Splits tokens of one level into an opening one with all up to its closing one, or single tokens. */
function groupsOf(tokens: readonly Token[]): { readonly token: Token; readonly inner: readonly Token[] }[] {
  const groups = []
  let start = 0
  let depth = 0
  for (const [index, token] of tokens.entries()) {
    if (depth === 0) start = index
    depth += token.nesting
    const first = tokens[start]
    if (depth === 0 && first !== undefined) groups.push({ token: first, inner: tokens.slice(start + 1, index) })
  }
  return groups
}

const blocksOf = (tokens: readonly Token[]): Block[] =>
  groupsOf(tokens).flatMap(({ token, inner }): Block[] => {
    switch (token.type) {
      case 'heading_open':
        return [{ type: 'heading', level: Number(token.tag.slice(1)), lines: linesOf(inner) }]
      case 'paragraph_open':
        return [{ type: 'paragraph', lines: linesOf(inner), isTight: token.hidden }]
      case 'blockquote_open':
        return [{ type: 'quote', blocks: blocksOf(inner) }]
      case 'bullet_list_open':
        return [{ type: 'list', start: undefined, items: itemsOf(inner) }]
      case 'ordered_list_open':
        return [{ type: 'list', start: Number(token.attrGet('start') ?? 1), items: itemsOf(inner) }]
      case 'table_open':
        return [{ type: 'table', rows: groupsOf(inner).flatMap((part) => groupsOf(part.inner).map((row) => cellsOf(row.inner))) }]
      case 'fence':
      case 'code_block':
        return [{ type: 'code', text: token.content.replace(/\n$/, '') }]
      case 'hr':
        return [{ type: 'rule' }]
      default:
        throw new Error(`Markdown has a block "${token.type}", which documents do not know`)
    }
  })

const itemsOf = (tokens: readonly Token[]): Block[][] => groupsOf(tokens).map(({ inner }) => blocksOf(inner))
const cellsOf = (tokens: readonly Token[]): Lines[] => groupsOf(tokens).map(({ inner }) => linesOf(inner))

function linesOf(tokens: readonly Token[]): Lines {
  const lines: Run[][] = [[]]
  let style: Omit<Run, 'text'> = {}
  for (const child of tokens.flatMap(({ children }) => children ?? [])) {
    const isOpen = child.nesting > 0
    switch (child.type) {
      case 'text':
      case 'text_special':
        if (child.content !== '') lines.at(-1)?.push({ ...style, text: child.content })
        break
      case 'code_inline':
        lines.at(-1)?.push({ ...style, code: true, text: child.content })
        break
      case 'hardbreak':
        lines.push([])
        break
      case 'strong_open':
      case 'strong_close':
        style = { ...style, bold: isOpen }
        break
      case 'em_open':
      case 'em_close':
        style = { ...style, italic: isOpen }
        break
      case 's_open':
      case 's_close':
        style = { ...style, strike: isOpen }
        break
      case 'link_open':
        style = { ...style, link: String(child.attrGet('href') ?? '') }
        break
      case 'link_close': {
        const { link: _, ...rest } = style
        style = rest
        break
      }
      default:
        throw new Error(`Markdown has "${child.type}" in a paragraph, which documents do not know`)
    }
  }
  return lines
}
