/** Freezes plain objects and arrays at every depth, and hands the value back. */
export function deepFreeze<T>(value: T): T {
  freezeInside(value, new Set())
  return value
}

function freezeInside(value: unknown, seen: Set<unknown>): void {
  if (!isPlain(value) || seen.has(value)) return
  seen.add(value)
  Object.freeze(value)
  for (const item of Object.values(value)) freezeInside(item, seen)
}

const isPlain = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}
