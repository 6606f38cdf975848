import { type AnyNode, type Element, isTag, isText } from 'domhandler'
import { elementsIn, lineOf, UNREAD } from './html-dom.ts'

/** Classes that mark the question of an accordion or of a list of questions, and its answer. */
const QUESTION_CLASS = /(?:^|[\s_-])(?:question|accordion[-_]*(?:header|title|button|trigger|toggle))(?:\s|$)/i
const ANSWER_CLASS = /(?:^|[\s_-])(?:answer|accordion[-_]*(?:body|content|panel|collapse))(?:\s|$)/i
const TOGGLES = ['aria-expanded', 'aria-controls', 'data-toggle', 'data-bs-toggle', 'data-target', 'data-bs-target']
/** What the toggles of Bootstrap do, on elements of any name. */
const SHOWS = /^(?:collapse|tab|pill|list)$/
const ENDS_AS_QUESTION = /[?？]["'”’」』）)]?$/
const QUESTION_CHARS_MAX = 300
const HEADINGS = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6']
/** Elements whose own rules hold for a question in them, and those that make an element a wrapper and no question. */
const OWN_RULES = new Set([...HEADINGS, 'summary', 'dt', 'nav', 'table', 'label'])
const WRAPPED = new Set([...OWN_RULES, 'button', 'p', 'ul', 'ol', 'dl', 'details', 'form', 'section', 'article'])
/** Elements that are read as one line or not at all: an answer in them is no section of its own. */
const NO_SECTIONS = new Set([...UNREAD, ...HEADINGS, 'summary', 'dt', 'nav', 'table', 'button'])
/** A toggle at the top of a page opens its menu. */
const TOPS = new Set(['body', 'html', 'header'])

export const endsAsQuestion = (text: string): boolean => ENDS_AS_QUESTION.test(text.trim())

/** The questions of a page outside of plain headings. */
export interface Questions {
  /** Questions whose answer is not marked, by a child of the element that holds both: the answer is what follows inside that element. */
  readonly open: ReadonlyMap<AnyNode, string>
  /** The elements that are known as the answer of a question, wherever that stands. */
  readonly answers: ReadonlyMap<AnyNode, string>
  /** The questions of those answers, and what stands around them without other text. */
  readonly asked: ReadonlySet<AnyNode>
  /** Elements that a toggle shows. They are read although they are hidden. */
  readonly shown: ReadonlySet<AnyNode>
}

/**
 * Finds the questions of accordions, tab lists and similar pages: buttons and links that show and hide a text, options, and elements with
 * the class of a question. Their answer is the element that they name by its id, that names them (`aria-labelledby`), or that follows with
 * the class of an answer or hidden.
 */
export function questionsIn(elements: readonly Element[]): Questions {
  const open = new Map<AnyNode, string>()
  const answers = new Map<AnyNode, string>()
  const asked = new Set<AnyNode>()
  const shown = new Set<AnyNode>()
  const panelsOf = createPanels(elements)
  for (const element of elements) {
    if (!mayAsk(element, panelsOf)) continue
    const text = lineOf(element, QUESTION_CHARS_MAX)
    if (text === '' || text.length > QUESTION_CHARS_MAX) continue
    const named = panelsOf(element)
    const alone = aloneAround(element, text, named)
    const panels = (named.length > 0 ? named : answersAfter(alone)).filter((panel) => !answers.has(panel) && lineOf(panel, 1) !== '')
    for (const panel of panels) shown.add(panel)
    const mayBeMenu = !endsAsQuestion(text) && !hasQuestionClass(element) && !isTab(element)
    if (panels.length > 0) {
      if (mayBeMenu && isTop(alone.parent)) continue
      asked.add(alone)
      for (const panel of panels) answers.set(panel, text)
      continue
    }
    if (element.name === 'option' || isInHeading(element)) continue
    const branch = branchOf(element, text)
    if (branch === undefined || (mayBeMenu && isTop(branch.parent))) continue
    open.set(branch, text)
  }
  return { open, answers, asked, shown }
}

const hasQuestionClass = ({ attribs }: Element): boolean => QUESTION_CLASS.test(attribs['class'] ?? '')
const isTop = (parent: AnyNode | null): boolean => parent === null || !isTag(parent) || TOPS.has(parent.name)
const shows = ({ attribs }: Element): boolean => SHOWS.test(attribs['data-toggle'] ?? '') || SHOWS.test(attribs['data-bs-toggle'] ?? '')
const isTab = (element: Element): boolean =>
  element.attribs['role'] === 'tab'
  || (shows(element) && [element.attribs['data-toggle'], element.attribs['data-bs-toggle']].includes('tab'))

type PanelsOf = (element: Element) => readonly Element[]

function mayAsk(element: Element, panelsOf: PanelsOf): boolean {
  const { name, attribs } = element
  if (name === 'option') return panelsOf(element).length > 0
  const isToggle = TOGGLES.some((toggle) => toggle in attribs)
  const isButton = name === 'button' || attribs['role'] === 'button' || attribs['role'] === 'tab' || shows(element)
  const mayBe = isButton ? isToggle || isTab(element) || endsAsQuestion(lineOf(element, QUESTION_CHARS_MAX)) : false
  if (!mayBe && !hasQuestionClass(element)) return false
  if (elementsIn(element).some((inner) => WRAPPED.has(inner.name))) return false
  const { length: count } = panelsOf(element)
  for (let parent = element.parent; parent !== null && isTag(parent); parent = parent.parent) {
    const mayHold = count > 0 && (HEADINGS.includes(parent.name) || (parent.name === 'nav' && isTab(element)))
    if (OWN_RULES.has(parent.name) && !mayHold) return false
  }
  return true
}

function isInHeading({ parent }: Element): boolean {
  for (let node = parent; node !== null && isTag(node); node = node.parent) if (HEADINGS.includes(node.name)) return true
  return false
}

/** Finds the panels that an element names by their ids, or else those that name it as their label. */
function createPanels(elements: readonly Element[]): PanelsOf {
  const byId = new Map<string, Element>()
  const byLabel = new Map<string, Element[]>()
  for (const element of elements) {
    const { id, 'aria-labelledby': labels } = element.attribs
    if (id !== undefined && !byId.has(id)) byId.set(id, element)
    for (const label of idsIn(labels)) byLabel.set(label, [...(byLabel.get(label) ?? []).slice(0, PANELS_MAX - 1), element])
  }
  return (element) => {
    const { attribs } = element
    const targets = [attribs['aria-controls'], attribs['data-target'], attribs['data-bs-target']]
    if (shows(element) || isTab(element)) targets.push(attribs['href'])
    if (element.name === 'option') targets.push(attribs['value'])
    const named = targets.flatMap(idsIn).flatMap((id) => byId.get(id) ?? [])
    const panels = named.length > 0 ? named : (byLabel.get(attribs['id'] ?? '') ?? [])
    return [...new Set(panels)].filter((panel) => !isAround(panel, element) && !isAround(element, panel) && mayBeSection(panel))
  }
}

/** Panels of one question. */
const PANELS_MAX = 10

const idsIn = (names: string | undefined): string[] => {
  if (names === undefined || names === '') return []
  return names
    .trim()
    .split(/\s+/, PANELS_MAX)
    .map((name) => name.replace(/^#/, ''))
}

const isAround = (outer: AnyNode, inner: AnyNode): boolean => {
  for (let node: AnyNode | null = inner; node !== null; node = node.parent) if (node === outer) return true
  return false
}

/** A table may be an answer; a part of one may not. */
function mayBeSection(panel: Element): boolean {
  if (panel.name !== 'table' && NO_SECTIONS.has(panel.name)) return false
  for (let { parent } = panel; parent !== null && isTag(parent); parent = parent.parent) if (NO_SECTIONS.has(parent.name)) return false
  return true
}

/** The outermost element around the question with no other text and no panel of its. */
function aloneAround(question: Element, text: string, panels: readonly Element[]): Element {
  let alone = question
  const charsMax = text.length + SIGN_CHARS_MAX
  while (alone.parent !== null && isTag(alone.parent) && !isTop(alone.parent) && alone.parent.name !== 'select') {
    const { parent } = alone
    if (panels.some((panel) => isAround(parent, panel)) || lineOf(parent, charsMax).length > charsMax) break
    alone = parent
  }
  return alone
}

/** The elements right after a question that are marked as its answer. */
function answersAfter(question: AnyNode): Element[] {
  const found: Element[] = []
  for (let next = question.nextSibling; next !== null && found.length < PANELS_MAX; next = next.nextSibling) {
    if (isText(next) ? next.data.trim() === '' : !isTag(next)) continue
    if (
      !isTag(next)
      || !mayBeSection(next)
      || !(ANSWER_CLASS.test(next.attribs['class'] ?? '') || (found.length === 0 && 'hidden' in next.attribs))
    )
      break
    found.push(next)
  }
  return found
}

/** The outermost element around the question without other text; `undefined` if no text follows it. */
function branchOf(question: Element, text: string): AnyNode | undefined {
  let branch: AnyNode = question
  while (branch.parent !== null) {
    if (followedByText(branch)) return branch
    if (isTag(branch.parent) && lineOf(branch.parent, text.length + SIGN_CHARS_MAX).length > text.length + SIGN_CHARS_MAX) return undefined
    branch = branch.parent
  }
  return undefined
}

/** Characters of the sign beside a question, such as "+". */
const SIGN_CHARS_MAX = 4

/** An answer that is as short as a sign, such as "Yes." */
const SENTENCE = /[\p{L}\p{N}][.!。！]$/u

/** Siblings after a question that are searched for its answer. */
const SIBLINGS_MAX = 20

function followedByText(node: AnyNode): boolean {
  let next = node.nextSibling
  for (let count = 0; next !== null && count < SIBLINGS_MAX; count++, next = next.nextSibling) {
    const text = lineOf(next, SIGN_CHARS_MAX)
    if (text.length > SIGN_CHARS_MAX || SENTENCE.test(text)) return true
  }
  return false
}
