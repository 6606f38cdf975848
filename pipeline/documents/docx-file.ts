import { strToU8, zipSync } from 'fflate'
import type { TemplateSource } from '../../actors/kinds/template/template-source.ts'
import type { Block, Lines, Run } from './document-blocks.ts'
import { escapeMarkup } from './document-page.ts'
import { DOCX_PARTS, numberingPart } from './docx-parts.ts'

/** The time of each entry: the same document is the same bytes at all times and in all zones. */
const ENTRY_TIME = new Date(1980, 0, 1)
/** Twentieths of a point. */
const INDENT = 360
const LEVELS_MAX = 8
const HEADINGS_MAX = 4

/** What a document refers to: links, and the first number of each list. */
interface References {
  readonly links: string[]
  readonly lists: (number | undefined)[]
}

interface Place {
  /** Levels of lists and quotes around a block. */
  readonly level: number
  readonly style?: string
  /** The number of the list whose item the next paragraph begins. */
  readonly list?: number
}

/** Makes a file of Office Open XML (ECMA-376) for word processors. */
export function docxFile(
  blocks: readonly Block[],
  { title, lang, at }: { readonly title: string; readonly lang: TemplateSource['lang']; readonly at: string },
): Uint8Array {
  const references: References = { links: [], lists: [] }
  const body = blocks.map((block) => blockXml(block, { level: 0 }, references)).join('')
  const parts = {
    ...DOCX_PARTS({ title: escapeMarkup(title), lang, at }),
    'word/numbering.xml': numberingPart(references.lists),
    'word/_rels/document.xml.rels': relationships(references.links),
    'word/document.xml': documentPart(body),
  }
  const entries = Object.entries(parts).map(([name, xml]) => [name, strToU8(`${XML}${xml}`)] as const)
  return zipSync(Object.fromEntries(entries), { mtime: ENTRY_TIME })
}

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const WORD = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'

const documentPart = (body: string): string =>
  `<w:document xmlns:w="${WORD}" xmlns:r="${OFFICE}"><w:body>${body}<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>`
  + '<w:pgMar w:top="1440" w:right="1440" w:bottom="1440" w:left="1440" w:header="708" w:footer="708" w:gutter="0"/></w:sectPr></w:body>'
  + '</w:document>'

const relationships = (links: readonly string[]): string =>
  '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
  + `<Relationship Id="styles" Type="${OFFICE}/styles" Target="styles.xml"/>`
  + `<Relationship Id="numbering" Type="${OFFICE}/numbering" Target="numbering.xml"/>`
  + links
    .map((url, index) => `<Relationship Id="link${index}" Type="${OFFICE}/hyperlink" Target="${escapeMarkup(url)}" TargetMode="External"/>`)
    .join('')
  + '</Relationships>'

function blockXml(block: Block, place: Place, references: References): string {
  switch (block.type) {
    case 'heading':
      return paragraphXml(block.lines, { ...place, style: `Heading${Math.min(block.level, HEADINGS_MAX)}` }, references)
    case 'paragraph':
      return paragraphXml(block.lines, place, references)
    case 'code':
      return paragraphXml(
        block.text.split('\n').map((text) => [{ text, code: true }]),
        { ...place, style: 'Code' },
        references,
      )
    case 'rule':
      return paragraphXml([[]], { ...place, style: 'Rule' }, references)
    case 'quote':
      return block.blocks.map((one) => blockXml(one, { level: place.level + 1, style: 'Quote' }, references)).join('')
    case 'list': {
      const list = references.lists.push(block.start)
      return block.items
        .map((item) =>
          // An item without text is an empty paragraph: a list has all its numbers.
          (item.length === 0 ? [EMPTY] : item)
            .map((one, index) => blockXml(one, { level: place.level + 1, ...(index === 0 && { list }) }, references))
            .join(''),
        )
        .join('')
    }
    case 'table':
      return tableXml(block.rows, references)
  }
}

const EMPTY: Block = { type: 'paragraph', lines: [[]] }

function paragraphXml(lines: Lines, { level, style, list }: Place, references: References): string {
  const depth = Math.min(level - 1, LEVELS_MAX)
  const number = list === undefined ? '' : `<w:numPr><w:ilvl w:val="${depth}"/><w:numId w:val="${list}"/></w:numPr>`
  const indent = level > 0 && list === undefined ? `<w:ind w:left="${level * INDENT}"/>` : ''
  const properties = `${style === undefined ? '' : `<w:pStyle w:val="${style}"/>`}${number}${indent}`
  const runs = lines.map((line) => line.map((run) => runXml(run, references)).join('')).join('<w:r><w:br/></w:r>')
  return `<w:p>${properties === '' ? '' : `<w:pPr>${properties}</w:pPr>`}${runs}</w:p>`
}

function runXml({ text, bold, italic, strike, code, link }: Run, references: References): string {
  const properties = [
    link === undefined ? '' : '<w:rStyle w:val="Hyperlink"/>',
    code === true ? '<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas"/>' : '',
    bold === true ? '<w:b/>' : '',
    italic === true ? '<w:i/>' : '',
    strike === true ? '<w:strike/>' : '',
  ].join('')
  const run = `<w:r>${properties === '' ? '' : `<w:rPr>${properties}</w:rPr>`}<w:t xml:space="preserve">${escapeMarkup(text)}</w:t></w:r>`
  if (link === undefined) return run
  if (link.startsWith('#')) return `<w:hyperlink w:anchor="${escapeMarkup(link.slice(1))}">${run}</w:hyperlink>`
  return `<w:hyperlink r:id="link${references.links.push(link) - 1}">${run}</w:hyperlink>`
}

function tableXml(rows: readonly (readonly Lines[])[], references: References): string {
  const columns = rows[0]?.length ?? 0
  const cell = (lines: Lines, isHead: boolean): string => {
    const shown = isHead ? lines.map((line) => line.map((run) => ({ ...run, bold: true }))) : lines
    const shade = isHead ? '<w:tcPr><w:shd w:val="clear" w:fill="F3F3F3"/></w:tcPr>' : ''
    return `<w:tc>${shade}${paragraphXml(shown, { level: 0 }, references)}</w:tc>`
  }
  const row = (cells: readonly Lines[], index: number): string =>
    `<w:tr>${index === 0 ? '<w:trPr><w:tblHeader/></w:trPr>' : ''}${cells.map((lines) => cell(lines, index === 0)).join('')}</w:tr>`
  const grid = `<w:tblGrid>${'<w:gridCol/>'.repeat(columns)}</w:tblGrid>`
  const properties = '<w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="5000" w:type="pct"/></w:tblPr>'
  return `<w:tbl>${properties}${grid}${rows.map(row).join('')}</w:tbl><w:p/>`
}
