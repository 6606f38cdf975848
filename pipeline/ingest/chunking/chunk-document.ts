import { withHeading, KNOWLEDGE_LIMITS } from '../../../schemas/knowledge-events.ts'
import { definitionsOf } from './code-sections.ts'
import { htmlSections } from './html-sections.ts'
import { pack, type PackOptions } from './pack-chunks.ts'
import { markdownSections, plainSections, type Section } from './text-sections.ts'
import { paragraphsOf, sentencesOf } from './sentences.ts'
import { sizeOf } from './token-size.ts'
import { rowsOf } from './table-rows.ts'

/** How a text is to be read. */
export const FORMATS = ['markdown', 'text', 'html', 'code', 'csv'] as const
export type Format = (typeof FORMATS)[number]

export interface Chunked {
  readonly title: string | undefined
  readonly chunks: readonly string[]
}

/** About 600 to 1,200 characters of English, 150 to 300 of Chinese: what answers one question, and what every usual model takes whole. */
const PROSE: PackOptions = { min: 150, max: 300, overlap: 40 }
/** A paper's argument is longer, and its paragraphs stay together. */
const ACADEMIC: PackOptions = { min: 200, max: 400, overlap: 50 }
const CODE: PackOptions = { min: 120, max: 300, overlap: 0 }
/** Rows are found one by one: few to a chunk. */
const ROWS: PackOptions = { min: 80, max: 300, overlap: 0 }

const STEP = ' › '
const PATH_CHARS_MAX = 300

/**
 * Cuts a document into chunks, each understood by itself: it says in its first line where it stands, where its document has headings or a title. All of a
 * text is in its chunks; headings are in those lines.
 *
 * @param given a title from outside, before that of the text itself.
 * @throws ColloquyError `bad_table`
 */
export function chunkDocument(format: Format, document: string, given?: string): Chunked {
  const text = cleaned(document)
  const { title, chunks } = READERS[format](text, given)
  return { title: (given ?? title)?.slice(0, KNOWLEDGE_LIMITS.titleCharsMax).toWellFormed(), chunks: [...new Set(chunks)] }
}

type Reader = (text: string, given: string | undefined) => Chunked

const READERS: Readonly<Record<Format, Reader>> = {
  markdown(text, given) {
    const { title, sections } = markdownSections(text)
    return { title, chunks: ofSections(sections, given ?? title, prose) }
  },
  html(text, given) {
    const { title, sections } = htmlSections(text)
    return { title, chunks: ofSections(sections, given ?? title, prose) }
  },
  text(text, given) {
    const { isAcademic, sections } = plainSections(text)
    return { title: undefined, chunks: ofSections(sections, given, isAcademic ? academic : prose) }
  },
  code: (text, given) => ({ title: undefined, chunks: titled(pack(definitionsOf(text, CODE.max, sizeOf), CODE), given === undefined ? [] : [given]) }),
  csv: (text, given) => ({ title: undefined, chunks: titled(pack(rowsOf(text), ROWS), given === undefined ? [] : [given]) }),
}

const prose = (text: string): string[] => pack(sentencesOf(text), PROSE)

/** Whole paragraphs where they are not too long. */
const academic = (text: string): string[] => pack(paragraphsOf(text).flatMap((paragraph) =>
  (sizeOf(paragraph) <= ACADEMIC.min ? [{ text: paragraph, begins: true }] : sentencesOf(paragraph))), ACADEMIC)

const ofSections = (sections: readonly Section[], title: string | undefined, cut: (text: string) => string[]): string[] =>
  sections.flatMap(({ path, text }) => {
    const whole = title === undefined || path[0] === title ? path : [title, ...path]
    return titled(text.trim() === '' ? [''] : cut(text), whole)
  })

function titled(chunks: readonly string[], path: readonly string[]): string[] {
  const line = path.join(STEP).replaceAll(/\s+/g, ' ').trim().slice(-PATH_CHARS_MAX).toWellFormed()
  return line === '' ? chunks.filter((chunk) => chunk !== '') : chunks.map((chunk) => withHeading(line, chunk))
}

const BYTE_ORDER_MARK = /^\ufeff/
/** What is neither text nor the end of a line. */
const CONTROLS = /[\u0000-\u0008\u000b\u000e-\u001f\u007f]/g

const cleaned = (text: string): string =>
  text.toWellFormed().replace(BYTE_ORDER_MARK, '').replaceAll(/\r\n?|\f|\u2028|\u2029/g, '\n').replace(CONTROLS, ' ')
