import { Parser } from 'htmlparser2'
import type { Section } from './text-sections.ts'

/** Elements without text for readers, or with the same text on every page. */
const SKIPPED = new Set(['script', 'style', 'noscript', 'template', 'svg', 'math', 'nav', 'head', 'iframe', 'object', 'select', 'button'])
const PARAGRAPHS = new Set([
  'p',
  'div',
  'section',
  'article',
  'main',
  'header',
  'footer',
  'aside',
  'ul',
  'ol',
  'dl',
  'table',
  'blockquote',
  'pre',
  'figure',
  'form',
  'details',
  'address',
  'hr',
])
const LINES = new Set(['br', 'li', 'tr', 'dt', 'dd', 'option', 'summary', 'figcaption', 'caption'])
const HEADING = /^h([1-6])$/
const TITLE_CHARS_MAX = 200

/** Extracts the title of a page and its text by headings. Never throws on invalid markup. */
export function htmlSections(html: string): { readonly title: string | undefined; readonly sections: Section[] } {
  const sections: Section[] = []
  const open: { level: number; title: string }[] = []
  let [text, title, heading] = ['', '', '']
  let [skippedDepth, level, preformatted] = [0, 0, 0]
  let isTitle = false
  const breakTo = (lines: string): void => {
    if (text !== '' && !text.endsWith(lines)) text = `${text.replace(/[ \t]+$/, '').replace(/\n+$/, '')}${lines}`
  }
  const end = (): void => {
    if (text.trim() !== '') sections.push({ path: open.map((one) => one.title), text })
    text = ''
  }
  const parser = new Parser(
    {
      onopentag(name) {
        if (name === 'title') isTitle = true
        if (SKIPPED.has(name)) skippedDepth += 1
        if (skippedDepth > 0) return
        const at = HEADING.exec(name)?.[1]
        if (at !== undefined) {
          end()
          level = Number(at)
          heading = ''
        }
        if (name === 'pre') preformatted += 1
        if (PARAGRAPHS.has(name)) breakTo('\n\n')
        else if (LINES.has(name)) breakTo('\n')
        else if ((name === 'td' || name === 'th') && text !== '' && !text.endsWith('\n')) text += ' | '
      },
      ontext(raw) {
        if (isTitle) title += raw
        if (skippedDepth > 0 || isTitle) return
        const part = preformatted > 0 ? raw : raw.replaceAll(/\s+/g, ' ')
        const isLineStart = text === '' || text.endsWith('\n')
        if (level > 0) heading += part
        else if (part !== ' ' || (text !== '' && !/\s$/.test(text)))
          text += isLineStart && preformatted === 0 ? part.replace(/^ /, '') : part
      },
      onclosetag(name) {
        if (name === 'title') isTitle = false
        if (SKIPPED.has(name)) skippedDepth -= 1
        if (skippedDepth > 0) return
        if (HEADING.test(name) && level > 0) {
          while ((open.at(-1)?.level ?? 0) >= level) open.pop()
          const headingTitle = heading.trim().slice(0, TITLE_CHARS_MAX).toWellFormed()
          if (headingTitle !== '') open.push({ level, title: headingTitle })
          level = 0
        }
        if (name === 'pre') preformatted -= 1
        if (PARAGRAPHS.has(name)) breakTo('\n\n')
        else if (LINES.has(name)) breakTo('\n')
      },
    },
    { decodeEntities: true },
  )
  parser.end(html)
  end()
  return { title: title.replaceAll(/\s+/g, ' ').trim() || sections[0]?.path[0], sections }
}
