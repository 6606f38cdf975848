/** @typedef {{ path: string, before: unknown, after: unknown }} Difference */

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isTree = (value) => typeof value === 'object' && value !== null

/**
 * The innermost paths at which two JSON values differ, in the order of their keys. If one side has no value there, it is `undefined`.
 *
 * @param {unknown} before @param {unknown} after @param {string} [path]
 * @returns {Difference[]}
 */
export function differences(before, after, path = '') {
  if (Object.is(before, after)) return []
  const comparable = isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after)
  if (!comparable) return [{ path, before, after }]
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  const isList = Array.isArray(before)
  return [...keys].flatMap((key) => differences(before[key], after[key], isList ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`))
}
