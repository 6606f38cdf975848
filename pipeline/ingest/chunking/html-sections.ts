import { type AnyNode, type Element, isTag, isText, type ParentNode } from 'domhandler'
import { parse } from 'parse5'
import { adapter } from 'parse5-htmlparser2-tree-adapter'
import { elementsIn, lineOf, LINES, PARAGRAPHS, UNREAD } from './html-dom.ts'
import { endsAsQuestion, type Questions, questionsIn } from './html-questions.ts'
import { type HtmlCell, htmlTable } from './html-table.ts'
import { createOutline, type Outline, type Section } from './outline.ts'

/** Elements with the same text on every page, and those that are read elsewhere. */
const SKIPPED = new Set([...UNREAD, 'nav', 'title', 'button'])
const HEADING = /^h([1-6])$/
/** Elements that a table of data does not have: the table arranges the page. */
const ARRANGED = new Set(['table', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'details'])
/** Deeper elements are read as plain text, so that the stack is bounded. */
const DEPTH_MAX = 500
/** The element that stands for a part of a Markdown text inside of a page. Its text is kept as it is. */
export const VERBATIM = 'colloquy-verbatim'

/** The title of a document and its sections. */
export interface Titled {
  readonly title: string | undefined
  readonly sections: readonly Section[]
}

/** Extracts the title of a page and its sections. The tree is the one that browsers make of it; it never throws on invalid markup. */
export function htmlSections(html: string): Titled {
  const root = parse(html, { treeAdapter: adapter })
  const outline = createOutline()
  const elements = elementsIn(root)
  const title = elements.find(({ name, parent }) => name === 'title' && !(parent !== null && isTag(parent) && parent.name === 'svg'))
  walkPage(root, outline, questionsIn(elements))
  const line = title === undefined ? '' : lineOf(title)
  return { title: line || outline.firstHeading(), sections: outline.sections() }
}

function walkPage(root: ParentNode, outline: Outline, questions: Questions): void {
  /** The open paragraph: its finished lines, and the line that grows. */
  let lines: string[] = []
  let line = ''
  let preformatted = 0
  const endLine = (): void => {
    if (line.trim() !== '') lines.push(line.replace(/[ \t\n]{1,1000}$/, ''))
    line = ''
  }
  const flush = (): void => {
    endLine()
    if (lines.length > 0) outline.prose(lines.join('\n'))
    lines = []
  }
  const append = (raw: string): void => {
    if (preformatted > 0) line += raw
    else {
      const part = raw.replaceAll(/\s+/g, ' ')
      line += line === '' || line.endsWith(' ') ? part.replace(/^ /, '') : part
    }
  }
  const enter = (title: string): void => {
    flush()
    outline.enter(title)
  }
  const leave = (): void => {
    flush()
    outline.leave()
  }

  /** Walks children; a question takes those after it, up to the next one. */
  const walkAll = (nodes: readonly AnyNode[], depth: number, titleOf: (node: AnyNode) => string | undefined): void => {
    let isInside = false
    for (const node of nodes) {
      const title = titleOf(node)
      if (title === undefined) {
        if (isInside && (questions.asked.has(node) || questions.answers.has(node))) {
          leave()
          isInside = false
        }
        walk(node, depth)
        continue
      }
      if (isInside) leave()
      enter(title)
      isInside = true
    }
    if (isInside) leave()
  }
  const questionAt = (node: AnyNode): string | undefined => questions.open.get(node)
  const termAt = (node: AnyNode): string | undefined => {
    const term = isTag(node) && node.name === 'dt' ? lineOf(node) : ''
    return endsAsQuestion(term) ? term : undefined
  }

  /** Elements around this place that are the answer of a question. What is hidden in them is read. */
  let answers = 0
  const walk = (node: AnyNode, depth: number): void => {
    if (isText(node)) return append(node.data)
    if (!isTag(node) || SKIPPED.has(node.name) || (answers === 0 && isHidden(node) && !questions.shown.has(node))) return
    if (questions.asked.has(node)) {
      flush()
      // As any heading, one that asks ends those of its level; its own section is its answer.
      const level = [node, ...elementsIn(node)].map(levelOf).find((one) => one !== undefined)
      if (level !== undefined) outline.heading(level, '')
      return
    }
    const question = questions.answers.get(node)
    if (question === undefined) return walkElement(node, depth)
    answers += 1
    enter(question)
    walkElement(node, depth)
    leave()
    answers -= 1
  }
  const walkElement = (node: Element, depth: number): void => {
    if (depth > DEPTH_MAX) return append(` ${lineOf(node)} `)
    const level = levelOf(node)
    if (node.name === VERBATIM) {
      flush()
      outline.prose(node.children.map((child) => (isText(child) ? child.data : '')).join(''))
    } else if (level !== undefined) {
      flush()
      outline.heading(level, lineOf(node))
    } else if (node.name === 'details') {
      const summary = node.children.find((child) => isTag(child) && child.name === 'summary')
      enter(summary === undefined ? '' : lineOf(summary))
      walkAll(
        node.children.filter((child) => child !== summary),
        depth + 1,
        questionAt,
      )
      leave()
    } else if (node.name === 'table' && isData(node)) {
      flush()
      addTable(node)
    } else walkBox(node, depth)
  }
  const walkBox = (node: Element, depth: number): void => {
    const isCell = node.name === 'td' || node.name === 'th'
    const end = PARAGRAPHS.has(node.name) ? flush : LINES.has(node.name) && !isCell ? endLine : undefined
    if (end !== undefined) end()
    else if (isCell && line !== '') line += ' | '
    if (node.name === 'optgroup') append(node.attribs['label'] ?? '')
    if (node.name === 'pre') preformatted += 1
    walkAll(node.children, depth + 1, node.name === 'dl' ? termAt : questionAt)
    if (node.name === 'pre') preformatted -= 1
    end?.()
  }
  const addTable = (node: Element): void => {
    const inTable = elementsIn(node)
    for (const caption of inTable.filter(({ name }) => name === 'caption')) outline.prose(lineOf(caption))
    const rows: HtmlCell[][] = inTable
      .filter(({ name }) => name === 'tr')
      .map((row) =>
        row.children
          .filter(isTag)
          .filter(({ name }) => name === 'td' || name === 'th')
          .map((element) => ({ element, text: lineOf(element) })),
      )
    const table = htmlTable(rows)
    const isList = table.rows.every((row) => row.filter((cell) => cell !== '').length <= 1)
    if (isList) outline.prose([table.header ?? [], ...table.rows].map((row) => row.join(' ').trim()).join('\n\n'))
    else outline.table(table)
  }

  walkAll(root.children, 0, questionAt)
  flush()
}

/** The level of a heading, also of one that only its role names. */
function levelOf({ name, attribs }: Element): number | undefined {
  const level = HEADING.exec(name)?.[1] ?? (attribs['role'] === 'heading' ? (attribs['aria-level'] ?? '2') : undefined)
  return level === undefined ? undefined : Math.min(9, Math.max(1, Math.trunc(Number(level)) || 2))
}

/** `until-found` is hidden from the eye only: browsers search it. */
const isHidden = ({ attribs }: Element): boolean => attribs['hidden'] !== undefined && attribs['hidden'] !== 'until-found'

const isData = (table: Element): boolean => !elementsIn(table).some(({ name }) => ARRANGED.has(name))
