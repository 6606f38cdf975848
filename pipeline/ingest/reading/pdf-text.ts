import { fileURLToPath } from 'node:url'
import type { TextItem } from 'pdfjs-dist/types/src/display/api.js'
import { ColloquyError, messageOf } from '../../../schemas/errors.ts'

const PAGES_MAX = 5_000
/** Distance of lines, in heights of their letters, from which on a paragraph starts. */
const PARAGRAPH_GAP = 1.9
/** Width of a gap in a line, in heights of its letters, from which on it divides the cells of a table. */
const CELL_GAP = 2

/** The reasons of pdf.js, by the names of its errors. */
const WHY: Readonly<Record<string, string>> = {
  PasswordException: 'it is encrypted and needs a password',
  InvalidPDFException: 'it is damaged or cut',
  FormatError: 'it is damaged or cut',
}

/** A line of a page. Lengths are points. */
interface PdfLine {
  text: string
  readonly y: number
  readonly height: number
  end: number
  hasCells: boolean
}

/** The text of a PDF by paragraphs. pdf.js as it is published brings the tables of Chinese, Japanese and Korean fonts. */
export async function pdfText(bytes: Uint8Array): Promise<{ readonly title: string | undefined; readonly text: string }> {
  const { getDocument } = await import('pdfjs-dist/legacy/build/pdf.mjs')
  const folder = new URL('.', import.meta.resolve('pdfjs-dist/package.json'))
  const loading = getDocument({
    data: new Uint8Array(bytes),
    cMapUrl: fileURLToPath(new URL('cmaps/', folder)),
    cMapPacked: true,
    standardFontDataUrl: fileURLToPath(new URL('standard_fonts/', folder)),
    verbosity: 0,
  })
  try {
    const pdf = await loading.promise
    if (pdf.numPages > PAGES_MAX) throw new ColloquyError('too_long', `the PDF has ${pdf.numPages} pages; at most ${PAGES_MAX} are allowed`)
    const pages: string[] = []
    for (let number = 1; number <= pdf.numPages; number++) {
      const page = await pdf.getPage(number)
      const { items } = await page.getTextContent()
      pages.push(paragraphsOf(linesOf(items.filter((item): item is TextItem => 'str' in item))))
      page.cleanup()
    }
    const text = pages.join('\n\n')
    if (text.trim() === '') throw new ColloquyError('empty_document', 'the PDF has no text; its pages may be pictures')
    return { title: await titleOf(pdf.getMetadata()), text }
  } catch (cause) {
    if (cause instanceof ColloquyError) throw cause
    const why = (cause instanceof Error ? WHY[cause.name] : undefined) ?? messageOf(cause)
    throw new ColloquyError('bad_document', `the file cannot be read as PDF: ${why}`, { cause })
  } finally {
    await loading.destroy()
  }
}

async function titleOf(metadata: Promise<{ readonly info: object }>): Promise<string | undefined> {
  const { info } = await metadata
  const title = 'Title' in info && typeof info.Title === 'string' ? info.Title.trim() : ''
  // Word processors put the name of a file there.
  return title === '' || /\.\w{2,4}$|^untitled/i.test(title) ? undefined : title
}

function linesOf(items: readonly TextItem[]): PdfLine[] {
  const lines: PdfLine[] = []
  let isNew = true
  for (const { str, width, height, transform, hasEOL } of items) {
    const [x, y] = [Number(transform[4]), Number(transform[5])]
    const line = lines.at(-1)
    if (str !== '') {
      if (isNew || line === undefined) lines.push({ text: str, y, height, end: x + width, hasCells: false })
      else {
        const isCell = x - line.end > CELL_GAP * line.height || (str.trim() === '' && width > CELL_GAP * line.height)
        line.hasCells ||= isCell
        line.text += isCell ? ` | ${str.trimStart()}` : str
        line.end = x + width
      }
      isNew = false
    }
    if (hasEOL) isNew = true
  }
  return lines.filter(({ text }) => text.trim() !== '')
}

/** Joins the lines of a paragraph. A line of another height, and one with cells, stays a line of its own. */
function paragraphsOf(lines: readonly PdfLine[]): string {
  const parts: string[] = []
  for (const [index, line] of lines.entries()) {
    const before = lines[index - 1]
    const own = line.text.replaceAll(/(?: \| ?)+$/g, '').trim()
    if (before === undefined) parts.push(own)
    else if (Math.abs(before.y - line.y) > PARAGRAPH_GAP * Math.max(before.height, line.height)) parts.push('\n\n', own)
    else if (before.hasCells || line.hasCells || Math.abs(before.height - line.height) > 1) parts.push('\n', own)
    else join(parts, own)
  }
  return parts.join('')
}

const HAN_END = /[\u2e80-\u9fff\uff00-\uffef]$/
const HAN_START = /^[\u2e80-\u9fff\uff00-\uffef]/

/** Continues a paragraph with a line: a word that a hyphen divides is one, and Chinese has no space. */
function join(parts: string[], next: string): void {
  const before = parts.at(-1) ?? ''
  if (/\p{Ll}-$/u.test(before.slice(-3)) && /^\p{Ll}/u.test(next)) parts[parts.length - 1] = before.slice(0, -1)
  else if (!HAN_END.test(before.slice(-1)) || !HAN_START.test(next)) parts.push(' ')
  parts.push(next)
}
