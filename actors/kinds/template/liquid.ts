import { Liquid, LiquidError } from 'liquidjs'
import { messageOf } from '../../../schemas/errors.ts'
import { escapeMarkdown } from './escape-markdown.ts'

/** UTF-16 units of a text that is parsed. */
const PARSE_CHARS_MAX = 64 * 1_024
/** Milliseconds of one rendering, by Liquid's own count at each tag and output. */
const RENDER_MS_MAX = 2_000
/** Liquid's own count of what a rendering makes: characters, and items of lists. */
const MEMORY_MAX = 8_000_000

/** They would read files. */
const TAGS_LEFT_OUT = ['include', 'render', 'layout', 'block'] as const
/** It would make another text at each attempt. */
const FILTERS_LEFT_OUT = ['sample'] as const
/** They take `now` and `today` for the clock of the machine. */
const DATE_FILTERS = ['date', 'date_to_xmlschema', 'date_to_rfc822', 'date_to_string', 'date_to_long_string'] as const

/**
 * Creates Liquid as templates have it: no files, no chance, and no clock but `now`. A variable that is not there is an error. What an
 * output writes is text and never Markdown, unless it ends with the filter `raw`.
 *
 * @param now what `now` and `today` are in the filters of dates; ISO
 */
export function createLiquid(now: string): Liquid {
  const liquid = new Liquid({
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    ownPropertyOnly: true,
    timezoneOffset: 0,
    parseLimit: PARSE_CHARS_MAX,
    renderLimit: RENDER_MS_MAX,
    memoryLimit: MEMORY_MAX,
    templates: {},
    outputEscape: escapeMarkdown,
  })
  for (const tag of TAGS_LEFT_OUT) delete liquid.tags[tag]
  for (const filter of FILTERS_LEFT_OUT) delete liquid.filters[filter]
  for (const name of DATE_FILTERS) {
    const filter = liquid.filters[name]
    if (typeof filter !== 'function') throw new Error(`Liquid has no filter "${name}"`)
    liquid.registerFilter(name, function (value: unknown, ...more: unknown[]): unknown {
      return Reflect.apply(filter, this, [value === 'now' || value === 'today' ? now : value, ...more])
    })
  }
  return liquid
}

/** Why a template cannot be used, and where in its text. */
export interface TemplateProblem {
  readonly problem: string
  readonly line?: number
  readonly column?: number
}

/** What an error of Liquid says. */
export function problemOf(error: unknown): TemplateProblem {
  if (!LiquidError.is(error)) return { problem: messageOf(error) }
  const [line, column] = error.token.getPosition()
  const place = `, line:${line}, col:${column}`
  const { message } = error
  const problem = message.endsWith(place) ? message.slice(0, -place.length) : message
  return { problem, ...(line !== undefined && { line }), ...(column !== undefined && { column }) }
}

/** The problem in one line: `line 3, column 5: undefined filter: upper`. */
export const problemText = ({ problem, line, column }: TemplateProblem): string =>
  line === undefined ? problem : `line ${line}, column ${column ?? 1}: ${problem}`

/** Blocks within blocks, and brackets within brackets. Liquid reads them by recursion, whose end would depend on the free stack. */
const BLOCKS_DEEP_MAX = 64
const BRACKETS_DEEP_MAX = 32
const MARKUP = /\{%-?([^]*?)-?%\}|\{\{([^]*?)\}\}/g
const BLOCK = /^\s*(end)?(if|unless|for|case|capture|tablerow)\b/

/** Where a template nests deeper than Liquid should read; `undefined` where it does not. */
function depthProblem(text: string): TemplateProblem | undefined {
  let blocks = 0
  for (const { 1: tag, 2: output = '', index } of text.matchAll(MARKUP)) {
    const words = tag === undefined ? [] : /^\s*liquid\b/.test(tag) ? tag.replace('liquid', '').split('\n') : [tag]
    for (const word of words) {
      const [isBlock, isEnd] = BLOCK.exec(word) ?? []
      if (isBlock !== undefined) blocks += isEnd === undefined ? 1 : -1
    }
    let [brackets, deepest] = [0, 0]
    for (const character of tag ?? output) {
      if ('[('.includes(character)) deepest = Math.max(deepest, ++brackets)
      if (')]'.includes(character)) brackets -= 1
    }
    if (blocks <= BLOCKS_DEEP_MAX && deepest <= BRACKETS_DEEP_MAX) continue
    const before = text.slice(0, index).split('\n')
    const problem = `at most ${BLOCKS_DEEP_MAX} blocks and ${BRACKETS_DEEP_MAX} brackets may lie within each other`
    return { problem, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
  }
  return undefined
}

const parser = createLiquid(new Date(0).toISOString())

/** Why a text is no template; `undefined` where it is one. Pure, and bounded by the length of the text: it is parsed and not rendered. */
export function textProblem(text: string): string | undefined {
  const tooDeep = depthProblem(text)
  if (tooDeep !== undefined) return `text: ${problemText(tooDeep)}`
  try {
    parser.parse(text)
    return undefined
  } catch (error) {
    return `text: ${problemText(problemOf(error))}`
  }
}
