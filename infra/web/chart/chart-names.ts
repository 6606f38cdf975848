import { actionText, guardText } from '../../../actors/definition/describe-machine.ts'
import { nameOf } from '../../../actors/definition/walk-machine.ts'

const MS: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
]

/** Formats milliseconds in the largest unit that gives a whole number: `1800000` → `30 min`. */
export function durationText(ms: number): string {
  const [unit, size] = MS.find(([, size]) => ms >= size && ms % size === 0) ?? ['ms', 1]
  return `${ms / size} ${unit}`
}

/**
 * An event as its author wrote it; XState renames those of `after`, `invoke` and `onDone`.
 *
 * @param tasks names of tasks, by id. Default: their ids
 */
export function eventName(event: string, tasks: ReadonlyMap<string, string> = new Map()): string {
  const [, what, rest = ''] = /^xstate\.(after|done\.actor|error\.actor|done\.state)\.(.*)$/s.exec(event) ?? []
  switch (what) {
    case 'after': {
      const delay = rest.split('.')[0] ?? ''
      return `after ${/^\d+$/.test(delay) ? durationText(Number(delay)) : delay}`
    }
    case 'done.actor':
      return `${tasks.get(rest) ?? rest} done`
    case 'error.actor':
      return `${tasks.get(rest) ?? rest} failed`
    case 'done.state':
      return 'done'
    default:
      return event
  }
}

/** Stands for an inline function, which has no name. */
const INLINE = 'ƒ'

/** The name of a guard, or the expression of a combined one; an inline function has none. */
export function guardName(guard: unknown): string {
  const text = nameOf(guard) ?? guardText(guard)
  return text === INLINE ? 'if …' : text.replaceAll(INLINE, '…')
}

/** The name of an action, or that of XState's built-in one with the type of its event. */
export function actionName(action: unknown): string {
  const name = nameOf(action) ?? actionText(action)
  return name === INLINE ? '…' : name
}
