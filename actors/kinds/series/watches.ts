import { z } from 'zod'
import { messageOf } from '../../../schemas/errors.ts'
import { type ConditionChanged, TRIGGER_LIMITS } from '../../../schemas/trigger-events.ts'
import { compileCondition, type SeriesView } from './condition.ts'
import { type WindowNeed, windowsBytes } from './windows.ts'

/** An actor that is told when its condition changes. */
export const watchSchema = z.object({
  /** `<kind>/<id>` of the actor. */
  by: z.string(),
  revision: z.int(),
  when: z.string(),
  clear: z.string().optional(),
  state: z.enum(['met', 'unmet', 'failed']),
})
export type Watch = z.infer<typeof watchSchema>
type Asked = Pick<Watch, 'when' | 'clear'>

const textsOf = ({ when, clear }: Asked): string[] => (clear === undefined ? [when] : [when, clear])

/** What the conditions need; of one that does not compile, nothing. */
export const needsOf = (watches: readonly Asked[]): WindowNeed[] =>
  watches.flatMap(textsOf).flatMap((text) => {
    const condition = compileCondition(text)
    return 'needs' in condition ? condition.needs : []
  })

/** Why the conditions of a watch do not compile: field and column. */
export function conditionProblem(asked: Asked): string | undefined {
  for (const [field, text] of Object.entries({ when: asked.when, clear: asked.clear })) {
    const condition = text === undefined ? undefined : compileCondition(text)
    if (condition !== undefined && 'problem' in condition) return `${field}: ${condition.problem}`
  }
  return undefined
}

/** Why a series has no room for these watches. */
export function roomProblem(watches: readonly Watch[]): string | undefined {
  const { watchesMax, watchesBytesMax, windowsBytesMax } = TRIGGER_LIMITS
  if (watches.length > watchesMax) return `the series has ${watchesMax} triggers, which is the most; watch a second series`
  const bytes = Buffer.byteLength(JSON.stringify(watches))
  if (bytes > watchesBytesMax) return `the conditions of the series would take ${bytes} bytes; at most ${watchesBytesMax}`
  const windows = windowsBytes(needsOf(watches))
  if (windows <= windowsBytesMax) return undefined
  return `the windows of the series might take ${windows} bytes; at most ${windowsBytesMax}: let its triggers share windows`
}

/** A watch after its conditions were evaluated. */
export interface Evaluated {
  readonly watch: Watch
  /** Why a condition cannot be evaluated. */
  readonly problem?: string
  /** A reading with which the condition was met, where it is met no longer after the last one. */
  readonly pulse?: number
}

/**
 * Evaluates a watch. A condition that is met ends by `clear`. One about `value` is evaluated with each of the values, in turn; the windows
 * have all of them.
 */
export function evaluated(watch: Watch, view: SeriesView, values: readonly number[]): Evaluated {
  let { state } = watch
  let pulse: number | undefined
  try {
    for (const value of values.length > 0 && textsOf(watch).some(usesValue) ? values : [view.value]) {
      const now = { ...view, value }
      const isMet = state === 'met' && watch.clear !== undefined ? !holds(watch.clear, now) : holds(watch.when, now)
      if (isMet) pulse ??= value
      state = isMet ? 'met' : 'unmet'
    }
    const isPulse = watch.state !== 'met' && state !== 'met' && pulse !== undefined
    return { watch: { ...watch, state }, ...(isPulse && { pulse }) }
  } catch (error) {
    return { watch: { ...watch, state: 'failed' }, problem: firstLine(messageOf(error)) }
  }
}

function usesValue(text: string): boolean {
  const condition = compileCondition(text)
  return 'needs' in condition && condition.usesValue
}

function holds(text: string, view: SeriesView): boolean {
  const condition = compileCondition(text)
  if ('problem' in condition) throw new Error(condition.problem)
  return condition.holds(view)
}

const firstLine = (text: string): string => (text.split('\n')[0] ?? '').slice(0, 300)

/** What the watching actor is told: nothing, a change, or two where the condition was met and is so no longer. */
export function changesOf(before: Watch, { watch, problem, pulse }: Evaluated, { value }: SeriesView, at: string): ConditionChanged[] {
  const { revision, state } = watch
  const change = { revision, state, at, value: Number.isNaN(value) ? null : value, ...(problem !== undefined && { problem }) }
  if (pulse !== undefined) return [{ revision, state: 'met', at, value: pulse }, change]
  return state === before.state ? [] : [change]
}
