import PDFDocument from 'pdfkit'
import type { Block, Lines, Run } from './document-blocks.ts'
import { fontsFor } from './pdf-fonts.ts'

const MARGIN = 64
const SIZE = 10.5
const HEADING_SIZES = [20, 16, 13.5, 12] as const
const INDENT = 20
const GAP = 7
const LINE_GAP = 2.5
const CELL_PADDING = 5
/** The narrowest column, as a share of an even one. */
const COLUMN_SHARE_MIN = 0.5
const GREY = '#555555'
const RULE = '#bbbbbb'
const LINK = '#0563c1'

type Pdf = InstanceType<typeof PDFDocument>

/** Where and how a paragraph is written. */
interface Style {
  readonly x: number
  readonly width: number
  readonly size: number
  readonly bold?: boolean
  readonly colour: string
}

/** Makes a PDF in A4. The same blocks make the same bytes. */
export async function pdfFile(
  blocks: readonly Block[],
  { title, lang, at }: { readonly title: string; readonly lang: string; readonly at: string },
): Promise<Uint8Array> {
  const fonts = await fontsFor(textsOf(blocks).join('\n'))
  const info = { Title: title, Creator: 'Colloquy', Producer: 'Colloquy', CreationDate: new Date(at) }
  const pdf = new PDFDocument({
    size: 'A4',
    margin: MARGIN,
    bufferPages: true,
    lang: lang === 'zh' ? 'zh-CN' : 'en',
    info,
    displayTitle: true,
  })
  const done = Promise.withResolvers<Uint8Array>()
  const chunks: Uint8Array[] = []
  pdf.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  pdf.on('error', done.reject)
  pdf.on('end', () => done.resolve(Buffer.concat(chunks)))
  for (const name of ['regular', 'bold', 'code'] as const) pdf.registerFont(name, fonts[name])
  const style: Style = { x: MARGIN, width: pdf.page.width - 2 * MARGIN, size: SIZE, colour: '#000000' }
  for (const block of blocks) writeBlock(pdf, block, style)
  numberPages(pdf)
  pdf.end()
  return done.promise
}

/** All texts, to choose a font that has them. */
const textsOf = (blocks: readonly Block[]): string[] =>
  blocks.flatMap((block): string[] => {
    if (block.type === 'heading' || block.type === 'paragraph') return block.lines.flatMap((line) => line.map(({ text }) => text))
    if (block.type === 'code') return [block.text]
    if (block.type === 'quote') return textsOf(block.blocks)
    if (block.type === 'list') return block.items.flatMap(textsOf)
    return block.type === 'table' ? block.rows.flat().flatMap((lines) => lines.flatMap((line) => line.map(({ text }) => text))) : []
  })

function writeBlock(pdf: Pdf, block: Block, style: Style): void {
  const { x, width } = style
  switch (block.type) {
    case 'heading': {
      const size = HEADING_SIZES[Math.min(block.level, HEADING_SIZES.length) - 1] ?? SIZE
      // A heading stays with the next two lines.
      needRoom(pdf, size * 2 + SIZE * 3)
      if (pdf.y > MARGIN) pdf.y += GAP
      writeLines(pdf, block.lines, { ...style, size, bold: true })
      pdf.y += GAP
      return
    }
    case 'paragraph':
      writeLines(pdf, block.lines, style)
      pdf.y += block.isTight === true ? 0 : GAP
      return
    case 'code':
      writeLines(
        pdf,
        block.text.split('\n').map((text) => [{ text: text === '' ? ' ' : text, code: true }]),
        { ...style, size: SIZE - 1 },
      )
      pdf.y += GAP
      return
    case 'rule':
      needRoom(pdf, GAP * 3)
      pdf.y += GAP
      pdf
        .moveTo(x, pdf.y)
        .lineTo(x + width, pdf.y)
        .lineWidth(0.5)
        .stroke(RULE)
      pdf.y += GAP * 2
      return
    case 'quote':
      for (const one of block.blocks) writeBlock(pdf, one, { ...style, x: x + INDENT, width: width - INDENT, colour: GREY })
      return
    case 'list':
      for (const [index, item] of block.items.entries()) {
        needRoom(pdf, SIZE * 2)
        const mark = block.start === undefined ? '•' : `${block.start + index}.`
        const top = pdf.y
        writeLines(pdf, [[{ text: mark }]], { ...style, width: INDENT * 2 })
        if (item.length > 0) pdf.y = top
        for (const one of item) writeBlock(pdf, one, { ...style, x: x + INDENT, width: width - INDENT })
      }
      pdf.y += GAP
      return
    case 'table':
      writeTable(pdf, block.rows, style)
  }
}

/** Begins a page where what follows would not fit this one. */
function needRoom(pdf: Pdf, height: number): void {
  if (pdf.y + height > pdf.page.height - MARGIN && pdf.y > MARGIN) pdf.addPage()
}

function useStyle(pdf: Pdf, { bold, code, link }: Omit<Run, 'text'>, style: Style): Pdf {
  const name = code === true ? 'code' : bold === true || style.bold === true ? 'bold' : 'regular'
  return pdf
    .font(name)
    .fontSize(style.size)
    .fillColor(link === undefined ? style.colour : LINK)
}

function writeLines(pdf: Pdf, lines: Lines, style: Style): void {
  const { x, width } = style
  for (const line of lines) {
    if (line.length === 0) pdf.y += style.size
    for (const [index, run] of line.entries()) {
      const { text, italic, strike, link } = run
      const options = {
        width,
        lineGap: LINE_GAP,
        continued: index < line.length - 1,
        oblique: italic === true,
        strike: strike === true,
        underline: link !== undefined,
        link: link === undefined || link.startsWith('#') ? null : link,
      }
      useStyle(pdf, run, style)
      if (index === 0) pdf.text(text, x, pdf.y, options)
      else pdf.text(text, options)
    }
  }
}

const plainOf = (lines: Lines): string => lines.map((line) => line.map(({ text }) => text).join('')).join('\n')

function writeTable(pdf: Pdf, rows: readonly (readonly Lines[])[], style: Style): void {
  const widths = columnWidths(pdf, rows, style)
  const cellStyle = (column: number, isHead: boolean): Style => ({
    ...style,
    x: style.x + widths.slice(0, column).reduce((sum, one) => sum + one, 0) + CELL_PADDING,
    width: (widths[column] ?? 0) - 2 * CELL_PADDING,
    ...(isHead && { bold: true }),
  })
  for (const [index, cells] of rows.entries()) {
    const isHead = index === 0
    const heights = cells.map((lines, column) => {
      const { width } = cellStyle(column, isHead)
      return useStyle(pdf, { bold: true }, style).heightOfString(plainOf(lines) || ' ', { width, lineGap: LINE_GAP })
    })
    const height = Math.max(...heights) + 2 * CELL_PADDING
    needRoom(pdf, height)
    const top = pdf.y
    const page = pdf.bufferedPageRange().count
    for (const [column, lines] of cells.entries()) {
      // A row that is higher than a page goes on in the next one, without its frame.
      if (pdf.bufferedPageRange().count === page) {
        const cell = cellStyle(column, isHead)
        const left = pdf.page.height - MARGIN - top
        pdf
          .rect(cell.x - CELL_PADDING, top, widths[column] ?? 0, Math.min(height, left))
          .lineWidth(0.5)
          .stroke(RULE)
        pdf.y = top + CELL_PADDING
      }
      writeLines(pdf, lines, cellStyle(column, isHead))
    }
    if (pdf.bufferedPageRange().count === page) pdf.y = top + height
  }
  pdf.y += GAP * 1.5
}

/** Columns by the length of their texts. */
function columnWidths(pdf: Pdf, rows: readonly (readonly Lines[])[], style: Style): number[] {
  const count = rows[0]?.length ?? 1
  useStyle(pdf, { bold: true }, style)
  const even = style.width / count
  const wanted = Array.from({ length: count }, (_, column) => {
    const longest = Math.max(...rows.map((cells) => pdf.widthOfString(plainOf(cells[column] ?? []).slice(0, 200))))
    return Math.max(even * COLUMN_SHARE_MIN, Math.min(longest + 2 * CELL_PADDING, even * 2))
  })
  const sum = wanted.reduce((total, one) => total + one, 0)
  return wanted.map((one) => (one / sum) * style.width)
}

/** Writes `1 / 3` below each page where there are several. */
function numberPages(pdf: Pdf): void {
  const { count } = pdf.bufferedPageRange()
  if (count < 2) return
  const options = { width: pdf.page.width - 2 * MARGIN, align: 'center', lineBreak: false } as const
  for (let page = 0; page < count; page++) {
    pdf.switchToPage(page)
    const { bottom } = pdf.page.margins
    // Text within the margin would begin another page.
    pdf.page.margins.bottom = 0
    pdf
      .font('regular')
      .fontSize(SIZE - 2)
      .fillColor(GREY)
      .text(`${page + 1} / ${count}`, MARGIN, pdf.page.height - MARGIN / 2, options)
    pdf.page.margins.bottom = bottom
  }
}
