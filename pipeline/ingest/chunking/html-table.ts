import type { Element } from 'domhandler'
import { headerScore, type Table } from './table-chunks.ts'

/** A cell of a page's table. */
export interface HtmlCell {
  readonly element: Element
  readonly text: string
}

const SPAN_MAX = 100

/** The table of a page, from its rows of cells. A cell over several rows is in each of them. */
export function htmlTable(rows: readonly (readonly HtmlCell[])[]): Table {
  const filled = rows.filter((cells) => cells.some(({ text }) => text !== ''))
  const marked = filled.findIndex((cells) => !cells.every(({ element }) => element.name === 'th' || isInHead(element)))
  const headRows = marked === -1 ? 1 : marked
  const all = spread(filled, headRows)
  const [head, body] = [all.slice(0, headRows), all.slice(headRows)]
  if (body.length === 0) return { header: undefined, rows: all }
  if (headRows > 0) return { header: joined(head), rows: body }
  // A table without marks has a header only if its first row differs from the others.
  return all.length > 1 && headerScore(all) > 0 ? { header: all[0], rows: all.slice(1) } : { header: undefined, rows: all }
}

const isInHead = ({ parent }: Element): boolean =>
  parent !== null && 'name' in parent && (parent.name === 'thead' || (parent.name === 'tr' && isInHead(parent)))

/** The cells by column. A cell over several columns is in each of them in the header, and in the first of them below it. */
function spread(rows: readonly (readonly HtmlCell[])[], headRows: number): string[][] {
  let above: { readonly text: string; readonly rows: number }[] = []
  return rows.map((cells, index) => {
    const line: string[] = []
    const next: typeof above = []
    const put = (text: string, rowsBelow: number): void => {
      next.push({ text, rows: rowsBelow })
      line.push(text)
    }
    const carry = (): void => {
      for (let from = above[line.length]; from !== undefined && from.rows > 0; from = above[line.length]) put(from.text, from.rows - 1)
    }
    for (const { element, text } of cells) {
      carry()
      const rowsBelow = spanOf(element, 'rowspan') - 1
      for (let column = 0; column < spanOf(element, 'colspan'); column++) put(column === 0 || index < headRows ? text : '', rowsBelow)
    }
    carry()
    above = next
    return line
  })
}

const spanOf = ({ attribs }: Element, name: string): number => Math.min(SPAN_MAX, Math.max(1, Math.trunc(Number(attribs[name])) || 1))

/** The names of columns under a header of several rows: "EUR" below "Price" is "Price EUR". */
const joined = (head: readonly (readonly string[])[]): string[] =>
  Array.from({ length: Math.max(...head.map((row) => row.length)) }, (_, column) =>
    [...new Set(head.map((row) => row[column] ?? ''))].filter((name) => name !== '').join(' '),
  )
