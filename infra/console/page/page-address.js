/**
 * What is looked at, which is the address of the page: `#/<page>/<more>/…?name=value`. `path` has the decoded parts after the page.
 *
 * @typedef {{ page: string, path: readonly string[], query: Readonly<Record<string, string>> }} Place
 */

/** @returns {Place} */
export function placeNow() {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2)
  const [page = '', ...parts] = path.split('/').map(decoded)
  return { page, path: parts, query: Object.fromEntries(new URLSearchParams(query)) }
}

/**
 * The address of a place; empty values of the query are left out.
 *
 * @param {string} page  @param {readonly string[]} [path]  @param {Readonly<Record<string, string>>} [query]
 */
export function hrefOf(page, path = [], query = {}) {
  const given = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString()
  return `#/${[page, ...path].map(encodeURIComponent).join('/')}${given === '' ? '' : `?${given}`}`
}

/**
 * Goes to an address of `hrefOf`. With `replace`, "back" does not lead to the place before.
 *
 * @param {string} href  @param {{ replace?: boolean }} [how]
 */
export function goTo(href, { replace = false } = {}) {
  if (location.hash === href) return
  if (!replace) return void (location.hash = href)
  history.replaceState(null, '', href)
  dispatchEvent(new HashChangeEvent('hashchange'))
}

/** Calls back with the place now, and with each later one. @param {(place: Place) => void} show */
export function followPlace(show) {
  addEventListener('hashchange', () => show(placeNow()))
  show(placeNow())
}

/** A part of the address, which may be typed by hand and invalid. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
