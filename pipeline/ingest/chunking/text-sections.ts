/** A section of a text, with the path of its headings, outermost first. */
export interface Section {
  readonly path: readonly string[]
  readonly text: string
}

interface Heading {
  /** From 1, the outermost. */
  readonly level: number
  readonly title: string
}

const HEADING_CHARS_MAX = 200
const FENCE = /^ {0,3}(`{3,}|~{3,})/
const ATX = /^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/
const SETEXT = /^ {0,3}(=+|-{2,})[ \t]*$/
const FRONT_MATTER = /^---\n(?:([^]{0,20000}?)\n)?---[ \t]*(?:\n|$)/
const TITLE_FIELD = /^title:[ \t]*(.+)$/m

/** Splits Markdown at its headings, except inside fenced code. The front matter gives the title and is removed. */
export function markdownSections(markdown: string): { readonly title: string | undefined; readonly sections: Section[] } {
  const front = FRONT_MATTER.exec(markdown)
  const lines = markdown.slice(front?.[0].length ?? 0).split('\n')
  let fence: string | undefined
  const sections = sectionsBy(lines, (line, index) => {
    const mark = FENCE.exec(line)?.[1]
    if (fence !== undefined) {
      if (mark?.startsWith(fence) === true) fence = undefined
      return undefined
    }
    if (mark !== undefined) {
      fence = mark
      return undefined
    }
    const atx = ATX.exec(line)
    if (atx !== null) return { heading: { level: atx[1]?.length ?? 1, title: atx[2] ?? '' }, lines: 1 }
    const under = SETEXT.exec(lines[index + 1] ?? '')?.[1]
    const isTitle = under !== undefined && /\S/.test(line) && !/^[\s>|*+-]/.test(line) && (lines[index - 1] ?? '').trim() === ''
    return isTitle ? { heading: { level: under.startsWith('=') ? 1 : 2, title: line }, lines: 2 } : undefined
  })
  const title = TITLE_FIELD.exec(front?.[1] ?? '')?.[1]
    ?.replaceAll(/^["']|["']$/g, '')
    .trim()
  const first = sections.find(({ path }) => path.length > 0)?.path[0]
  return { title: title || first, sections }
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
export function plainSections(text: string): { readonly isAcademic: boolean; readonly sections: Section[] } {
  const lines = text.split('\n')
  const headings = lines.map((line) => plainHeading(line.trim()))
  const isAcademic = headings.filter((heading) => heading?.isNamed === true).length >= 2
  const count = headings.filter((heading) => heading !== undefined).length
  if (count < HEADINGS_MIN) return { isAcademic: false, sections: [{ path: [], text }] }
  const sections = sectionsBy(lines, (_, index) => {
    const heading = headings[index]
    return heading === undefined ? undefined : { heading, lines: 1 }
  })
  return { isAcademic, sections }
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

/** Returns the heading at a line and the number of lines that it takes. */
type FindHeading = (line: string, index: number) => { readonly heading: Heading; readonly lines: number } | undefined

function sectionsBy(lines: readonly string[], findHeading: FindHeading): Section[] {
  const sections: Section[] = []
  const open: Heading[] = []
  let text: string[] = []
  /** The last heading has no text yet. It becomes an empty section unless an inner heading follows. */
  let isBare = false
  const path = (): string[] => open.map(({ title }) => title)
  const end = (next: Heading | undefined): void => {
    const body = text.join('\n')
    if (body.trim() !== '') sections.push({ path: path(), text: body })
    else if (isBare && (next === undefined || next.level <= (open.at(-1)?.level ?? 0))) sections.push({ path: path(), text: '' })
    text = []
  }
  for (let index = 0; index < lines.length; index++) {
    const found = findHeading(lines[index] ?? '', index)
    if (found === undefined) {
      text.push(lines[index] ?? '')
      continue
    }
    const heading = { ...found.heading, title: found.heading.title.trim().slice(0, HEADING_CHARS_MAX).toWellFormed() }
    end(heading)
    while ((open.at(-1)?.level ?? 0) >= heading.level) open.pop()
    if (heading.title !== '') open.push(heading)
    isBare = heading.title !== ''
    index += found.lines - 1
  }
  end(undefined)
  return sections
}
