/**
 * What somebody wrote and has not sent, by what it is for: a reload, "back" or another page loses none of it. It is kept in this tab of the
 * browser alone, for its signer, until it is sent or the signer signs out. The oldest drafts go first.
 */

/** Texts of a draft by field. @typedef {Readonly<Record<string, string>>} Unsent */
/** @typedef {{ by: string, drafts: readonly (readonly [string, Unsent])[] }} Kept */

const NAME = 'colloquy drafts'
const DRAFTS_MAX = 50
/** UTF-16 units of one text. */
const CHARS_MAX = 16_000

/** @returns {Kept} */
function kept() {
  try {
    return /** @type {Kept | null} */ (JSON.parse(sessionStorage.getItem(NAME) ?? 'null')) ?? { by: '', drafts: [] }
  } catch {
    // Where nothing may be kept, as in some private windows, or where it was damaged, there is none.
    return { by: '', drafts: [] }
  }
}

/** @param {Kept} all */
function keep(all) {
  try {
    sessionStorage.setItem(NAME, JSON.stringify(all))
  } catch {
    // It is full, or nothing may be kept.
  }
}

/** The drafts of another signer are forgotten. @param {string} by */
export function keepDraftsOf(by) {
  const all = kept()
  if (all.by !== by) keep({ by, drafts: all.by === '' ? all.drafts : [] })
}

export const forgetDrafts = () => keep({ by: '', drafts: [] })

/** @param {string} key @returns {Unsent | undefined} */
export const draftOf = (key) => kept().drafts.find(([name]) => name === key)?.[1]

/** The newest draft whose key begins so. @param {string} start */
export const newestDraft = (start) => kept().drafts.findLast(([name]) => name.startsWith(start))

/** Keeps a draft; one without a text is forgotten. @param {string} key @param {Unsent} draft */
export function keepDraft(key, draft) {
  const { by, drafts } = kept()
  const texts = Object.entries(draft).map(([field, text]) => [field, text.slice(0, CHARS_MAX)])
  const others = drafts.filter(([name]) => name !== key)
  const isEmpty = texts.every(([, text]) => text?.trim() === '')
  keep({ by, drafts: isEmpty ? others : [...others, /** @type {const} */ ([key, Object.fromEntries(texts)])].slice(-DRAFTS_MAX) })
}

/** Keeps what is written in a form. @param {string} key @returns {(event: Event) => void} its `onInput` */
export const keeping =
  (key) =>
  ({ currentTarget: form }) => {
    if (!(form instanceof HTMLFormElement)) return
    /** @type {Record<string, string>} */
    const texts = {}
    for (const [name, value] of new FormData(form)) if (typeof value === 'string') texts[name] = value
    keepDraft(key, texts)
  }
