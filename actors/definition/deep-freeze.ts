/** Freezes plain objects and arrays at every depth and returns the value. */
export function deepFreeze<T>(value: T): T {
  freezeInside(value, new Set())
  return value
}

function freezeInside(value: unknown, visited: Set<unknown>): void {
  if (!isPlain(value) || visited.has(value)) return
  visited.add(value)
  Object.freeze(value)
  for (const item of Object.values(value)) freezeInside(item, visited)
}

const isPlain = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}
