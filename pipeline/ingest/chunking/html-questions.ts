import { type AnyNode, type Element, isTag } from 'domhandler'
import { elementsIn, lineOf } from './html-dom.ts'

/** A class that marks the question of an accordion or of a list of questions. */
const QUESTION_CLASS = /(?:^|[\s_-])(?:question|accordion[-_]*(?:header|title|button|trigger|toggle))(?:\s|$)/i
const TOGGLES = ['aria-expanded', 'aria-controls', 'data-toggle', 'data-bs-toggle', 'data-target', 'data-bs-target']
const ENDS_AS_QUESTION = /[?？]["'”’」』）)]?$/
const QUESTION_CHARS_MAX = 300
/** Elements whose own rules hold for a question in them, and those that make an element a wrapper and no question. */
const OWN_RULES = new Set(['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'summary', 'dt', 'nav', 'table', 'label'])
const WRAPPED = new Set([...OWN_RULES, 'button', 'p', 'ul', 'ol', 'dl', 'details', 'form', 'section', 'article'])
/** A toggle at the top of a page opens its menu. */
const TOPS = new Set(['body', 'html', 'header'])

export const endsAsQuestion = (text: string): boolean => ENDS_AS_QUESTION.test(text.trim())

/** Where a question outside of a heading stands: a child of the element that holds the question and its answer. */
export type Questions = ReadonlyMap<AnyNode, string>

/**
 * Finds the questions of accordions and similar pages, which are not headings: buttons that show and hide a text, and elements with the
 * class of a question. The answer is what follows inside the smallest element that holds more than the question.
 */
export function questionsIn(elements: Iterable<Element>): Questions {
  const questions = new Map<AnyNode, string>()
  for (const element of elements) {
    if (!mayAsk(element)) continue
    const text = lineOf(element, QUESTION_CHARS_MAX)
    if (text === '' || text.length > QUESTION_CHARS_MAX) continue
    const branch = branchOf(element, text)
    if (branch === undefined || (!endsAsQuestion(text) && !hasQuestionClass(element) && isTop(branch.parent))) continue
    questions.set(branch, text)
  }
  return questions
}

const hasQuestionClass = ({ attribs }: Element): boolean => QUESTION_CLASS.test(attribs['class'] ?? '')
const isTop = (parent: AnyNode | null): boolean => parent === null || !isTag(parent) || TOPS.has(parent.name)

function mayAsk(element: Element): boolean {
  const isToggle = TOGGLES.some((toggle) => toggle in element.attribs)
  const isButton = element.name === 'button' || element.attribs['role'] === 'button'
  if (
    isButton ? !isToggle && !hasQuestionClass(element) && !endsAsQuestion(lineOf(element, QUESTION_CHARS_MAX)) : !hasQuestionClass(element)
  )
    return false
  if (elementsIn(element).some(({ name }) => WRAPPED.has(name))) return false
  for (let parent = element.parent; parent !== null && isTag(parent); parent = parent.parent) if (OWN_RULES.has(parent.name)) return false
  return true
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

/** Siblings after a question that are searched for its answer. */
const SIBLINGS_MAX = 20

function followedByText(node: AnyNode): boolean {
  let next = node.nextSibling
  for (let count = 0; next !== null && count < SIBLINGS_MAX; count++, next = next.nextSibling) {
    if (lineOf(next, SIGN_CHARS_MAX).length > SIGN_CHARS_MAX) return true
  }
  return false
}
