import { type AnyNode, type Element, isTag, isText, type ParentNode } from 'domhandler'

/** Elements without text for readers. */
export const UNREAD: ReadonlySet<string> = new Set([
  'script',
  'style',
  'noscript',
  'template',
  'svg',
  'math',
  'iframe',
  'object',
  'textarea',
])
/** Elements that start a paragraph, and those that start a line. */
export const PARAGRAPHS: ReadonlySet<string> = new Set(
  (
    'p div section article main header footer aside ul ol dl table blockquote pre figure form fieldset details address hr select '
    + 'h1 h2 h3 h4 h5 h6 body'
  ).split(' '),
)
export const LINES: ReadonlySet<string> = new Set('br li tr td th dt dd option optgroup summary figcaption caption legend'.split(' '))

/** All elements below a node, in the order of the document. */
export function elementsIn(root: ParentNode): Element[] {
  const found: Element[] = []
  const waiting: AnyNode[] = root.children.toReversed()
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (!isTag(node)) continue
    found.push(node)
    for (let child = node.lastChild; child !== null; child = child.previousSibling) waiting.push(child)
  }
  return found
}

/** The text of a node on one line, and at most a little more than `charsMax` of it. Takes no stack, however deep the node is. */
export function lineOf(root: AnyNode, charsMax = Infinity): string {
  const parts: string[] = []
  let length = 0
  const waiting: AnyNode[] = [root]
  for (let node = waiting.pop(); node !== undefined && length <= charsMax; node = waiting.pop()) {
    if (isText(node)) {
      parts.push(node.data)
      length += node.data.trim().length
    } else if (isTag(node) && !UNREAD.has(node.name)) {
      if (PARAGRAPHS.has(node.name) || LINES.has(node.name)) parts.push(' ')
      for (let child = node.lastChild; child !== null; child = child.previousSibling) waiting.push(child)
    }
  }
  return parts.join('').replaceAll(/\s+/g, ' ').trim()
}
