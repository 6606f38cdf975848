/** A date and a time of day for a list, such as `Nov 30, 14:03:22`; with its year where that is another one. @param {string} iso */
export const timeText = (iso) => {
  const at = new Date(iso)
  const year = at.getFullYear() === new Date().getFullYear() ? {} : { year: /** @type {const} */ ('numeric') }
  return at.toLocaleString(undefined, { ...year, month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' })
}

/** @param {number} part @param {number} [digits] */
const padded = (part, digits = 2) => String(part).padStart(digits, '0')

/**
 * A time as a field for a date and a time of day holds it, in the time zone of the browser; empty where it is no time.
 *
 * @param {string} iso
 */
export function localTime(iso) {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return ''
  const date = [padded(at.getFullYear(), 4), padded(at.getMonth() + 1), padded(at.getDate())].join('-')
  return `${date}T${[at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => padded(part)).join(':')}`
}

/** What such a field holds, as a time of RFC 3339 in UTC; unchanged where it is no time. @param {string} local */
export function utcTime(local) {
  const at = new Date(local)
  return Number.isNaN(at.getTime()) ? local : at.toISOString().replace(/\.000Z$/, 'Z')
}
