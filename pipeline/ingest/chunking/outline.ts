import type { Table } from './table-chunks.ts'

/** A part of a section: running text, or a table. */
export type Block = string | Table

/** A section of a document, with the path of its headings, outermost first. */
export interface Section {
  readonly path: readonly string[]
  readonly blocks: readonly Block[]
}

/** Collects what a reader of a format finds, in the order of the document. */
export interface Outline {
  /** Starts a section; headings of the same and of deeper levels end. Levels start at 1, the outermost. */
  heading(level: number, title: string): void
  /** Ends the innermost heading if it has this level, so that what follows belongs to the section around it. */
  endHeading(level: number): void
  /** Starts a section that `leave` ends, with all headings inside it. */
  enter(title: string): void
  leave(): void
  prose(text: string): void
  table(table: Table): void
  sections(): readonly Section[]
  /** The first heading; `undefined` if there was none. What `enter` starts is none: it concerns its own section only. */
  firstHeading(): string | undefined
}

interface Heading {
  readonly level: number
  readonly title: string
}

/** Headings that one `enter` encloses. */
interface Frame {
  readonly path: readonly string[]
  readonly open: Heading[]
}

const TITLE_CHARS_MAX = 200

export function createOutline(): Outline {
  const sections: Section[] = []
  const frames: Frame[] = [{ path: [], open: [] }]
  let blocks: Block[] = []
  /** Paragraphs of the running text at the end of the section. They are joined once, in linear time. */
  let paragraphs: string[] = []
  /** The last heading has no text yet. It becomes an empty section unless an inner heading follows. */
  let isBare = false
  let first: string | undefined

  const frame = (): Frame => frames.at(-1) ?? { path: [], open: [] }
  const path = (): string[] => [...frame().path, ...frame().open.map(({ title }) => title)]
  const endProse = (): void => {
    if (paragraphs.length > 0)
      blocks.push(paragraphs.map((text, index) => (index + 1 < paragraphs.length ? text.trimEnd() : text)).join('\n\n'))
    paragraphs = []
  }
  const end = (isInnerNext: boolean): void => {
    endProse()
    if (blocks.length > 0 || (isBare && !isInnerNext)) sections.push({ path: path(), blocks })
    blocks = []
    isBare = false
  }
  const prose = (text: string): void => {
    if (text.trim() !== '') paragraphs.push(text)
  }
  const titleOf = (title: string): string => title.replaceAll(/\s+/g, ' ').trim().slice(0, TITLE_CHARS_MAX).toWellFormed()
  /** The part of a title that does not fit into a path stays as text. */
  const keepLong = (title: string): void => {
    if (title.trim().length > TITLE_CHARS_MAX) prose(title)
  }

  return {
    heading(level, title) {
      end((frame().open.at(-1)?.level ?? 0) < level)
      while ((frame().open.at(-1)?.level ?? 0) >= level) frame().open.pop()
      const short = titleOf(title)
      if (short !== '') {
        first ??= short
        frame().open.push({ level, title: short })
      }
      isBare = short !== ''
      keepLong(title)
    },
    endHeading(level) {
      if (frame().open.at(-1)?.level !== level) return
      end(false)
      frame().open.pop()
    },
    enter(title) {
      end(true)
      const short = titleOf(title)
      frames.push({ path: [...path(), ...(short === '' ? [] : [short])], open: [] })
      isBare = short !== ''
      keepLong(title)
    },
    leave() {
      if (frames.length === 1) return
      end(false)
      frames.pop()
    },
    prose,
    table(table) {
      endProse()
      blocks.push(table)
    },
    sections() {
      end(false)
      return sections
    },
    firstHeading: () => first,
  }
}
