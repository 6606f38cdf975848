import { chunkWithHeading, KNOWLEDGE_LIMITS } from '../../../schemas/knowledge-events.ts'
import { definitionsOf } from './code-sections.ts'
import { csvTable } from './csv-table.ts'
import { htmlSections } from './html-sections.ts'
import { markdownSections } from './markdown-sections.ts'
import type { Block, Section } from './outline.ts'
import { pack, type PackOptions, type Piece, sizeOf } from './pack-chunks.ts'
import { namedChunks, tableChunks, tableText } from './table-chunks.ts'
import { plainSections } from './text-sections.ts'

/** Formats that `chunkDocument` understands. */
export const FORMATS = ['markdown', 'text', 'html', 'code', 'csv'] as const
export type Format = (typeof FORMATS)[number]

/** The title and chunks of a document. */
export interface Chunked {
  readonly title: string | undefined
  readonly chunks: readonly string[]
}

/** 600 to 1,200 characters of English, 150 to 300 of Chinese: enough to answer one question, and within the limit of common models. */
const PROSE: PackOptions = { min: 150, max: 300, overlap: 40 }
/** Larger chunks for papers, which keep paragraphs together. */
const ACADEMIC: PackOptions = { min: 200, max: 400, overlap: 50 }
const CODE: PackOptions = { min: 120, max: 300, overlap: 0 }

const STEP = ' › '
const PATH_CHARS_MAX = 300

/**
 * Splits a document into distinct chunks that can be understood on their own. The first line of a chunk is the path of its title and
 * headings, if there are any. The chunks contain all text of the document.
 *
 * @param givenTitle title that takes precedence over the title in the document.
 * @throws ColloquyError `bad_table` for a CSV that cannot be parsed, `too_long` for a Markdown text beyond the limit.
 */
export function chunkDocument(format: Format, document: string, givenTitle?: string): Chunked {
  const text = clean(document)
  const { title, chunks } = READERS[format](text, givenTitle)
  return { title: (givenTitle ?? title)?.slice(0, KNOWLEDGE_LIMITS.titleCharsMax).toWellFormed(), chunks: [...new Set(chunks)] }
}

type Reader = (text: string, givenTitle: string | undefined) => Chunked

const READERS: Readonly<Record<Format, Reader>> = {
  markdown(text, givenTitle) {
    const { title, sections } = markdownSections(text)
    return { title, chunks: ofSections(sections, givenTitle ?? title, prose) }
  },
  html(text, givenTitle) {
    const { title, sections } = htmlSections(text)
    return { title, chunks: ofSections(sections, givenTitle ?? title, prose) }
  },
  text(text, givenTitle) {
    const { isAcademic, sections } = plainSections(text)
    return { title: undefined, chunks: ofSections(sections, givenTitle, isAcademic ? academic : prose) }
  },
  code: (text, givenTitle) => ofPieces(definitionsOf(text, CODE.max, sizeOf), CODE, givenTitle),
  csv(text, givenTitle) {
    const { title, table } = csvTable(text)
    const path = [givenTitle, title].filter((name) => name !== undefined)
    return { title, chunks: withHeading(namedChunks(table), path) }
  },
}

const ofPieces = (pieces: readonly Piece[], options: PackOptions, title: string | undefined): Chunked => ({
  title: undefined,
  chunks: withHeading(pack(pieces, options), title === undefined ? [] : [title]),
})

const prose = (text: string): string[] => pack(sentencesOf(text), PROSE)

/** Keeps paragraphs whole unless they are too long. */
const academic = (text: string): string[] =>
  pack(
    paragraphsOf(text).flatMap((paragraph) =>
      sizeOf(paragraph) <= ACADEMIC.min ? [{ text: paragraph, isBoundary: true }] : sentencesOf(paragraph),
    ),
    ACADEMIC,
  )

const ofSections = (sections: readonly Section[], title: string | undefined, cut: (text: string) => string[]): string[] =>
  sections.flatMap(({ path, blocks }) => {
    const whole = title === undefined || path[0] === title ? path : [title, ...path]
    return withHeading(blocks.length === 0 ? [''] : cutBlocks(blocks, cut), whole)
  })

/** A table stays with the text around it where all of it fits into one chunk. */
function cutBlocks(blocks: readonly Block[], cut: (text: string) => string[]): string[] {
  const texts = blocks.map((block) => (typeof block === 'string' ? block.trim() : tableText(block)))
  const together = texts.join('\n\n')
  if (blocks.length > 1 && sizeOf(together) <= PROSE.max) return [together]
  return blocks.flatMap((block) => (typeof block === 'string' ? cut(block) : tableChunks(block)))
}

function withHeading(chunks: readonly string[], path: readonly string[]): string[] {
  const line = path.join(STEP).replaceAll(/\s+/g, ' ').trim().slice(-PATH_CHARS_MAX).toWellFormed()
  return line === '' ? chunks.filter((chunk) => chunk !== '') : chunks.map((chunk) => chunkWithHeading(line, chunk))
}

const BYTE_ORDER_MARK = /^\ufeff/
/** Control characters other than tabs and line ends. */
const CONTROLS = /[\u0000-\u0008\u000b\u000e-\u001f\u007f]/g

const clean = (text: string): string =>
  text
    .toWellFormed()
    .replace(BYTE_ORDER_MARK, '')
    .replaceAll(/\r\n?|\f|\u2028|\u2029/g, '\n')
    .replace(CONTROLS, ' ')

/** After an empty line. The lookbehind is bounded, so that a megabyte of blanks takes no longer than a megabyte of words. */
const PARAGRAPH = /(?<=\n[ \t]{0,8}\n)(?=[^\n])/u
/** After an English or Chinese sentence with its closing quotes and brackets, and after a line. */
const SENTENCE = /(?<=[。！？…][”’」』）)"']{0,3})(?![”’」』）)"'。！？…])|(?<=[.!?]["'”’)\]]{0,3}\s{1,8})(?=\S)|(?<=\n)/u

/** The sentences of a text; the first one of each paragraph is a boundary. */
const sentencesOf = (text: string): Piece[] =>
  paragraphsOf(text).flatMap((paragraph) =>
    paragraph
      .split(SENTENCE)
      .filter((sentence) => sentence !== '')
      .map((sentence, index) => ({ text: sentence, isBoundary: index === 0 })),
  )

const paragraphsOf = (text: string): string[] => text.split(PARAGRAPH).filter((paragraph) => paragraph !== '')
