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

/** An event as its author wrote it; XState renames those of `after`, `invoke` and `onDone`. */
export function eventName(event: string): string {
  const [, what, rest = ''] = /^xstate\.(after|done\.actor|error\.actor|done\.state)\.(.*)$/s.exec(event) ?? []
  switch (what) {
    case 'after': {
      const delay = rest.split('.')[0] ?? ''
      return `after ${/^\d+$/.test(delay) ? durationText(Number(delay)) : delay}`
    }
    case 'done.actor':
      return `${rest} done`
    case 'error.actor':
      return `${rest} failed`
    case 'done.state':
      return 'done'
    default:
      return event
  }
}

/** The name of a guard; an inline function has none. */
export const guardName = (guard: unknown): string => nameOf(guard) ?? 'if …'

/** The name of an action, or the name of XState's built-in one. */
export const actionName = (action: unknown): string => nameOf(action)?.replace(/^xstate\./, '') ?? '…'

function nameOf(thing: unknown): string | undefined {
  if (typeof thing === 'string') return thing
  const isNamed = (typeof thing === 'object' || typeof thing === 'function') && thing !== null && 'type' in thing
  return isNamed && typeof thing.type === 'string' ? thing.type : undefined
}
