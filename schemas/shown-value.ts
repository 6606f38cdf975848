import { inspect } from 'node:util'

const CHARS_MAX = 4_096

/** Any value as text, without running code of the value, such as its getters, where Node can avoid it. Never throws. */
export function shownValue(value: unknown): string {
  try {
    return inspect(value, { depth: 2, getters: false, customInspect: false, maxStringLength: CHARS_MAX, breakLength: Infinity }).slice(
      0,
      CHARS_MAX,
    )
  } catch {
    return `a value of type ${typeof value} that cannot be shown`
  }
}
