/**
 * What the browser keeps for a tenant on this site, so that a reload and other tabs have the same conversation. Where it may not be kept,
 * as in some private windows, it lasts as long as the page.
 *
 * @param {string} name @param {'localStorage' | 'sessionStorage'} [where] the latter for this tab alone
 */
export function createStorage(name, where = 'localStorage') {
  /** @type {Map<string, string>} */
  const own = new Map()
  const store = storageOfSite(where)
  const keyOf = (/** @type {string} */ key) => `colloquy ${name} ${key}`
  return {
    /** @param {string} key @returns {unknown} `undefined` where nothing is kept that can be read */
    get(key) {
      try {
        return JSON.parse(own.get(key) ?? store?.getItem(keyOf(key)) ?? 'null') ?? undefined
      } catch {
        return undefined
      }
    },
    /** @param {string} key @param {unknown} value */
    set(key, value) {
      const text = JSON.stringify(value ?? null)
      try {
        store?.setItem(keyOf(key), text)
        if (store !== undefined) return void own.delete(key)
      } catch {
        // It is full.
      }
      own.set(key, text)
    },
    /** Calls back when another tab changes what is kept. @param {string} key @param {() => void} changed */
    watch(key, changed) {
      addEventListener('storage', (event) => {
        if (event.key === keyOf(key)) changed()
      })
    },
  }
}

/** @typedef {ReturnType<typeof createStorage>} KeptStorage */

/** @param {'localStorage' | 'sessionStorage'} where */
function storageOfSite(where) {
  try {
    return window[where]
  } catch {
    return undefined
  }
}
