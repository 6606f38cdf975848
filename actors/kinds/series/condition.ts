import { Environment, type ParseResult } from '@marcbachmann/cel-js'
import { LRUCache } from 'lru-cache'
import { spanMs, TRIGGER_LIMITS } from '../../../schemas/trigger-events.ts'
import type { Figures, WindowNeed } from './windows.ts'

type Node = ParseResult['ast']

/** What a condition is about. */
export interface SeriesView {
  /** The latest reading; NaN before the first. */
  readonly value: number
  figures(windowMs: number): Figures
  /** Whether there was no reading for so long. */
  isAbsent(windowMs: number): boolean
}

/** A condition that compiles. */
export interface Condition {
  readonly needs: readonly WindowNeed[]
  readonly usesValue: boolean
  /** @throws Error of CEL where it cannot be evaluated, such as a whole number divided by zero. */
  holds(view: SeriesView): boolean
}

/** Bounds of a condition. It has no loops, so its evaluation takes at most one step for each node. */
const NODES_MAX = 64
const DEPTH_MAX = 16
/** Compiled conditions of a thread. */
const COMPILED_MAX = 4_096

const FIGURES = ['count', 'rate', 'sum', 'mean', 'min', 'max', 'change'] as const
const OPERATORS: ReadonlySet<string> = new Set(['!=', '==', '+', '-', '*', '/', '%', '<', '<=', '>', '>=', '&&', '||', '?:', '!_', '-_'])
const HINT = 'use value, count, rate, sum, mean, min, max, change, percentile, absent, numbers, comparisons, &&, || and !'

/** The view of the evaluation under way: functions of CEL get their arguments only. An evaluation is synchronous, and sets it first. */
let current: SeriesView = { value: NaN, figures: () => raise('no evaluation'), isAbsent: () => false }
const raise = (message: string): never => {
  throw new Error(message)
}
/** Texts of windows have been checked when a condition is evaluated. */
const windowMs = (text: string): number => spanMs(text) ?? 0

const environment = new Environment({ limits: { maxAstNodes: NODES_MAX, maxDepth: DEPTH_MAX } })
  .registerVariable('value', 'double')
  .registerFunction('absent(string): bool', (window: string) => current.isAbsent(windowMs(window)))
  .registerFunction('percentile(string, double): double', (window: string, percent: number) =>
    current.figures(windowMs(window)).percentile(percent),
  )
  .registerFunction('percentile(string, int): double', (window: string, percent: bigint) =>
    current.figures(windowMs(window)).percentile(Number(percent)),
  )
for (const name of FIGURES) {
  environment.registerFunction(`${name}(string): double`, (window: string) => current.figures(windowMs(window))[name])
}

const compiled = new LRUCache<string, Condition | { readonly problem: string }>({ max: COMPILED_MAX })

/** Compiles a condition. The same text gives the same condition, or the same problem with its column. */
export function compileCondition(text: string): Condition | { readonly problem: string } {
  const found = compiled.get(text) ?? compile(text)
  compiled.set(text, found)
  return found
}

function compile(text: string): Condition | { readonly problem: string } {
  try {
    const parsed = environment.parse(text)
    const needs: WindowNeed[] = []
    visit(parsed.ast, needs)
    const { valid, type, error } = parsed.check()
    if (!valid) throw error ?? new Error('does not fit the types')
    if (type !== 'bool')
      return { problem: `column 1: is no condition but a value of the type ${String(type)}; compare it, as in ${text.slice(0, 40)} > 0` }
    return {
      needs,
      usesValue: /\bvalue\b/.test(text),
      holds(view) {
        current = view
        return parsed({ value: view.value }) === true
      },
    }
  } catch (error) {
    return { problem: problemOf(text, error) }
  }
}

/** A node that a condition may not have. */
class Unfit extends Error {
  readonly range: { readonly start: number }
  constructor(node: Node, message: string) {
    super(message)
    this.range = node
  }
}

function problemOf(text: string, error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const summary = 'summary' in error && typeof error.summary === 'string' ? error.summary : error.message
  const range: unknown = 'range' in error ? error.range : undefined
  const start = typeof range === 'object' && range !== null && 'start' in range && typeof range.start === 'number' ? range.start : 0
  const lines = text.slice(0, start).split('\n')
  const line = lines.length > 1 ? `line ${lines.length}, ` : ''
  const hint = summary.startsWith('no such overload') ? '; write 2.0 and not 2 beside a reading' : ''
  return `${line}column ${(lines.at(-1)?.length ?? 0) + 1}: ${summary}${hint}`
}

/** Collects the windows of a condition, and refuses what is not deterministic or not bounded, such as the macros of CEL. */
function visit(node: Node, needs: WindowNeed[]): void {
  switch (node.op) {
    case 'value':
      return
    case 'id':
      if (node.args !== 'value') throw new Unfit(node, `"${node.args}" is unknown; ${HINT}`)
      return
    case 'call':
      needs.push(needOf(node, ...node.args))
      return
    case '!_':
    case '-_':
      return visit(node.args, needs)
    default:
      if (!OPERATORS.has(node.op)) throw new Unfit(node, `"${node.op}" is not allowed here; ${HINT}`)
      for (const argument of node.args) if (typeof argument === 'object' && 'op' in argument) visit(argument, needs)
  }
}

function needOf(node: Node, name: string, [window, percent]: readonly Node[]): WindowNeed {
  const isFigure = FIGURES.some((figure) => figure === name)
  if (!isFigure && name !== 'percentile' && name !== 'absent') throw new Unfit(node, `there is no ${name}(…); ${HINT}`)
  const { windowMsMin, windowMsMax } = TRIGGER_LIMITS
  const ms = window?.op === 'value' && typeof window.args === 'string' ? spanMs(window.args) : undefined
  if (ms === undefined) throw new Unfit(window ?? node, `${name} needs a window as a text, such as ${name}("5m")`)
  if (ms < windowMsMin || ms > windowMsMax) throw new Unfit(window ?? node, 'a window has 10s to 7d')
  if (name === 'percentile') {
    const given = percent?.op === 'value' ? Number(percent.args) : NaN
    if (!(given >= 0 && given <= 100))
      throw new Unfit(percent ?? node, 'percentile needs a number from 0 to 100, such as percentile("5m", 95)')
  }
  return { ms, hasBins: name === 'percentile', isAbsence: name === 'absent' }
}
