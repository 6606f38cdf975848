import { serverNow } from '../../web/page/ask.js'
import { redraw } from './redraw.js'
import { en } from './words/en.js'
import { zh } from './words/zh.js'

/** @typedef {typeof en} Words */

const LANGUAGES = { en, zh }
const KEY = 'colloquy language'

/** @type {Words} */
let current = chosen()

/** The texts of the page in the language of its reader. */
export const words = () => current

/** The other languages, by their own names. */
export const otherLanguages = () => Object.values(LANGUAGES).filter((one) => one !== current)

/** Shows the page in a language, now and later. @param {Words} language */
export function useLanguage(language) {
  current = language
  try {
    localStorage.setItem(KEY, language.code)
  } catch {
    // A browser that keeps nothing asks again next time.
  }
  redraw()
}

/** @returns {Words} */
function chosen() {
  const kept = keptLanguage()
  const wanted = [...(kept === null ? [] : [kept]), ...navigator.languages]
  const known = wanted.map((one) => one.slice(0, 2).toLowerCase()).find((code) => code === 'en' || code === 'zh')
  return known === 'zh' ? zh : en
}

function keptLanguage() {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}

/** A number in the way of the language. @param {number} value @param {Intl.NumberFormatOptions} [how] */
export const number = (value, how) => value.toLocaleString(current.lang, how)

/** A duration, short. @param {number} ms */
export function duration(ms) {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${number(ms / 1_000, { maximumFractionDigits: 1 })} s`
  if (ms < 3_600_000) return `${number(ms / 60_000, { maximumFractionDigits: 1 })} min`
  return `${number(ms / 3_600_000, { maximumFractionDigits: 1 })} h`
}

/** How long ago a time was, in the words of the language. @param {string} iso */
export function ago(iso) {
  const seconds = Math.max(0, Math.round((serverNow() - Date.parse(iso)) / 1_000))
  const format = new Intl.RelativeTimeFormat(current.lang, { style: 'short', numeric: 'auto' })
  if (seconds < 60) return format.format(-seconds, 'second')
  if (seconds < 3_600) return format.format(-Math.floor(seconds / 60), 'minute')
  return seconds < 86_400 ? format.format(-Math.floor(seconds / 3_600), 'hour') : format.format(-Math.floor(seconds / 86_400), 'day')
}

/** A date and a time of day. @param {string} iso */
export const moment = (iso) => new Date(iso).toLocaleString(current.lang, { dateStyle: 'medium', timeStyle: 'medium' })
