type Json = Readonly<Record<string, unknown>>

/**
 * Finds a path that two fields of an object share in a JSON column of ClickHouse. ClickHouse writes nesting as dots and refuses such an
 * object: `{"a.b": 1, "a": {"b": 2}}`. Only values have paths; `null` and objects without values have none. Returns `undefined` if all
 * paths differ.
 */
export function sharedPath(data: Json): string | undefined {
  // The usual case: without a dot in a name no two fields can share a path.
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

/** Each object in an array has its own set of paths. */
function sharedInArray(items: readonly unknown[]): string | undefined {
  for (const item of items) {
    const found = Array.isArray(item) ? sharedInArray(item) : isObject(item) ? firstShared(item, '', new Set()) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
