import { createOutline, type Section } from './outline.ts'

interface Heading {
  /** From 1, the outermost. */
  readonly level: number
  readonly title: string
}

const SECTION_NAMES = [
  'abstract',
  'introduction',
  'background',
  'related work',
  'methods?',
  'methodology',
  'results',
  'discussion',
  'conclusions?',
  'acknowledge?ments',
  'references',
  'bibliography',
  'appendix(?: [A-Z])?',
].join('|')
const SECTION_NAME = new RegExp(`^(?:\\d+(?:\\.\\d+)*\\.?\\s+)?(${SECTION_NAMES})\\s*$`, 'i')
const SECTION_NAME_ZH =
  /^(?:[一二三四五六七八九十\d]+[、.．]\s*)?(摘\s*要|引\s*言|绪\s*论|前\s*言|方法|实验|结果|讨论|结论|结\s*语|致\s*谢|参考文献|附\s*录)\s*$/
const NUMBERED = /^(\d{1,2}(?:\.\d{1,2}){0,3})\.?[ \t]+(\p{Lu}[^.!?。]{1,80}|[\p{Script=Han}][^。！？]{1,40})$/u
const CHAPTER_ZH = /^第[一二三四五六七八九十百零\d]{1,5}([编章节条])(?:[\s　]+.{0,40}|[^\s，。；：]{0,20})$/
const LISTED_ZH = /^([一二三四五六七八九十]{1,3}、|（[一二三四五六七八九十]{1,3}）)[^。！？]{1,40}$/
/** Fewer headings may be coincidence. */
const HEADINGS_MIN = 3
const CHAPTER_LEVELS = '编章节条'

/**
 * Splits plain text at headings of papers, reports and statutes on their own lines: `2.1 Methods`, `Abstract`, `摘要`, `第三章 …`, `一、…`.
 * Returns one section if there are fewer than three headings.
 */
export function plainSections(text: string): { readonly isAcademic: boolean; readonly sections: readonly Section[] } {
  const lines = text.split('\n')
  const headings = lines.map((line) => plainHeading(line.trim()))
  const isAcademic = headings.filter((heading) => heading?.isNamed === true).length >= 2
  const count = headings.filter((heading) => heading !== undefined).length
  if (count < HEADINGS_MIN) return { isAcademic: false, sections: [{ path: [], blocks: [text] }] }
  const outline = createOutline()
  let from = 0
  for (const [index, heading] of headings.entries()) {
    if (heading === undefined) continue
    outline.prose(lines.slice(from, index).join('\n'))
    outline.heading(heading.level, heading.title)
    from = index + 1
  }
  outline.prose(lines.slice(from).join('\n'))
  return { isAcademic, sections: outline.sections() }
}

function plainHeading(line: string): (Heading & { readonly isNamed: boolean }) | undefined {
  if (line === '' || line.length > 100) return undefined
  const number = NUMBERED.exec(line)?.[1]
  const isNamed = SECTION_NAME.test(line) || SECTION_NAME_ZH.test(line)
  if (isNamed || number !== undefined) return { level: number?.split('.').length ?? 1, title: line, isNamed }
  const chapter = CHAPTER_ZH.exec(line)?.[1]
  if (chapter !== undefined) return { level: CHAPTER_LEVELS.indexOf(chapter) + 1, title: line, isNamed }
  const listed = LISTED_ZH.exec(line)?.[1]
  return listed === undefined ? undefined : { level: listed.startsWith('（') ? 2 : 1, title: line, isNamed }
}
