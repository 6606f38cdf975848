import { Parser } from 'htmlparser2'
import type { Section } from './text-sections.ts'

/** Says nothing to a reader, or the same on every page. */
const PASSED_OVER = new Set(['script', 'style', 'noscript', 'template', 'svg', 'math', 'nav', 'head', 'iframe', 'object', 'select', 'button'])
const PARAGRAPHS = new Set(['p', 'div', 'section', 'article', 'main', 'header', 'footer', 'aside', 'ul', 'ol', 'dl', 'table', 'blockquote', 'pre', 'figure', 'form', 'details', 'address', 'hr'])
const LINES = new Set(['br', 'li', 'tr', 'dt', 'dd', 'option', 'summary', 'figcaption', 'caption'])
const HEADING = /^h([1-6])$/
const TITLE_CHARS_MAX = 200

/** The text of a page by its headings, with its title. Whatever is wrong with the markup, there is a text. */
export function htmlSections(html: string): { readonly title: string | undefined; readonly sections: Section[] } {
  const sections: Section[] = []
  const open: { level: number; title: string }[] = []
  let [text, title, heading] = ['', '', '']
  let [passedOver, level, preformatted] = [0, 0, 0]
  let isTitle = false
  const breakTo = (lines: string): void => {
    if (text !== '' && !text.endsWith(lines)) text = `${text.replace(/[ \t]+$/, '').replace(/\n+$/, '')}${lines}`
  }
  const end = (): void => {
    if (text.trim() !== '') sections.push({ path: open.map((one) => one.title), text })
    text = ''
  }
  const parser = new Parser({
    onopentag(name) {
      if (name === 'title') isTitle = true
      if (PASSED_OVER.has(name)) passedOver += 1
      if (passedOver > 0) return
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
    ontext(given) {
      if (isTitle) title += given
      if (passedOver > 0 || isTitle) return
      const said = preformatted > 0 ? given : given.replaceAll(/\s+/g, ' ')
      if (level > 0) heading += said
      else if (said !== ' ' || (text !== '' && !/\s$/.test(text))) text += text === '' || text.endsWith('\n') ? said.replace(preformatted > 0 ? /^$/ : /^ /, '') : said
    },
    onclosetag(name) {
      if (name === 'title') isTitle = false
      if (PASSED_OVER.has(name)) passedOver -= 1
      if (passedOver > 0) return
      if (HEADING.test(name) && level > 0) {
        while ((open.at(-1)?.level ?? 0) >= level) open.pop()
        const said = heading.trim().slice(0, TITLE_CHARS_MAX).toWellFormed()
        if (said !== '') open.push({ level, title: said })
        level = 0
      }
      if (name === 'pre') preformatted -= 1
      if (PARAGRAPHS.has(name)) breakTo('\n\n')
      else if (LINES.has(name)) breakTo('\n')
    },
  }, { decodeEntities: true })
  parser.end(html)
  end()
  return { title: title.replaceAll(/\s+/g, ' ').trim() || sections[0]?.path[0], sections }
}
