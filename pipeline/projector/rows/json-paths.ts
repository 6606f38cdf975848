type Json = Readonly<Record<string, unknown>>

/**
 * A path that two fields of an event have in a JSON column of ClickHouse, which writes nesting as dots and refuses such an event:
 * `{"a.b": 1, "a": {"b": 2}}`. Only values have paths: what is null or an object without values has none.
 */
export function sharedPath(data: Json): string | undefined {
  // Without a dot in a name no two fields share a path, which is nearly always.
  if (!hasDottedName(data)) return undefined
  return firstShared(data, '', new Set())
}

function hasDottedName(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(hasDottedName)
  return Object.entries(value).some(([name, inner]) => name.includes('.') || hasDottedName(inner))
}

function firstShared(object: Json, prefix: string, seen: Set<string>): string | undefined {
  for (const [name, value] of Object.entries(object)) {
    if (value === null || value === undefined) continue
    const path = prefix + name
    if (isObject(value)) {
      const found = firstShared(value, `${path}.`, seen)
      if (found !== undefined) return found
      continue
    }
    if (seen.has(path)) return path
    seen.add(path)
    const inside = Array.isArray(value) ? sharedInArray(value) : undefined
    if (inside !== undefined) return `${path}[].${inside}`
  }
  return undefined
}

/** Objects in a list have paths of their own. */
function sharedInArray(items: readonly unknown[]): string | undefined {
  for (const item of items) {
    const found = Array.isArray(item) ? sharedInArray(item) : isObject(item) ? firstShared(item, '', new Set()) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
