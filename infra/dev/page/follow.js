import { Problem, readActors, readHistory, readKinds, readState } from './api.js'
import { typesByState } from './fitting-types.js'
import { current, kindNow, update } from './store.js'

/** @import { Address } from './store.js' */

const EVERY_MS = 500
/** Records of an actor that the page keeps: the ones nearest to the shown one. */
const STEPS_MAX = 2_000
const WINDOW = 100

/** Reads changes twice a second while the page is visible. */
export function keepUpToDate() {
  const round = async () => {
    if (!document.hidden) await refresh()
    setTimeout(() => void round(), EVERY_MS)
  }
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void refresh()
  })
  void round()
}

/** Reads at once, even while another read is in progress. */
export async function refresh() {
  try {
    const { reload, counts } = await readState()
    update({ reload, counts, problem: null })
    if (reload.generation !== current().generation) await takeKinds()
    await Promise.all([takeActors(), takeSteps()])
  } catch (error) {
    show(error)
  }
}

/** Shows an error above the page until the next read succeeds. @param {unknown} error */
function show(error) {
  update({ problem: error instanceof Problem ? { status: error.status, text: error.message } : { status: -1, text: String(error) } })
}

async function takeKinds() {
  const { generation, kinds } = await readKinds()
  const { kind } = current()
  update({ generation, kinds })
  if (!kinds.some(({ name }) => name === kind)) go({ kind: kinds[0]?.name ?? '', actor: null })
  else chooseType()
}

/** Gives the form a type of input that the kind has, and that its actor takes unless somebody has begun to write another. */
function chooseType() {
  const { form } = current()
  const { fitting, others } = typesByState()
  const isBegun = form.chosen || form.raw !== null || form.json !== null
  if (Object.hasOwn(kindNow()?.events ?? {}, form.type) && (isBegun || fitting.length === 0 || fitting.includes(form.type))) return
  update({ form: { ...form, type: fitting[0] ?? others[0] ?? '', chosen: false, raw: null, json: null, errors: [], sent: null } })
}

/** The query of the list of actors. When it changes, the page reads the list again. */
let listed = ''

async function takeActors() {
  const { kind, filter, counts, actors } = current()
  const wanted = JSON.stringify([kind, filter, counts?.projectedSeq])
  if (kind === '' || (wanted === listed && actors !== null)) return
  listed = wanted
  try {
    const read = await readActors(kind, filter.state, filter.text)
    if (listed === wanted) update({ actors: read.actors })
  } catch (error) {
    listed = ''
    if (!(error instanceof Problem) || error.status !== 503) throw error
  }
}

/** Reads new records, and the records around the shown one. */
async function takeSteps() {
  const { actor, steps, last, at } = current()
  if (actor === null) return
  const range = last === 0 ? { limit: WINDOW } : { from: last + 1, limit: WINDOW }
  const read = await readHistory(actor.tenant, actor.kind, actor.id, range)
  keep(actor, read)
  // A step that was chosen during the read stays chosen.
  if (last === 0 && at > 0) await look(at)
  else if (current().live && current().actor === actor) update({ at: Math.min(current().last, Math.max(...current().steps.keys(), 0)) })
  if (steps !== current().steps && read.last > (read.records.at(-1)?.n ?? read.last)) await takeSteps()
}

/** @param {Address} actor @param {import('../../web/actor-history.ts').History} read */
function keep(actor, read) {
  const state = current()
  if (state.actor !== actor) return
  if (JSON.stringify(read.progress) !== JSON.stringify(state.progress)) update({ progress: read.progress })
  if (read.records.length === 0 && read.last === state.last) return
  const steps = new Map(state.steps)
  for (const record of read.records) steps.set(record.n, record)
  const far = [...steps.keys()].sort((a, b) => Math.abs(b - state.at) - Math.abs(a - state.at))
  for (const n of far.slice(0, Math.max(0, steps.size - STEPS_MAX))) steps.delete(n)
  update({ steps, last: Math.max(state.last, read.last) })
  chooseType()
}

/** Shows a record of the actor; the last one makes the page follow new records. @param {number} n */
export async function look(n) {
  const { actor, last } = current()
  if (actor === null) return
  const at = Math.max(1, Math.min(n, last))
  update({ at, live: at === last })
  writeLocation()
  const missing = [at, at - 1].some((one) => one > 0 && !current().steps.has(one))
  if (!missing) return
  try {
    keep(actor, await readHistory(actor.tenant, actor.kind, actor.id, { from: Math.max(1, at - WINDOW / 2), limit: WINDOW }))
  } catch (error) {
    show(error)
  }
}

/** Shows a kind, or an actor of it. @param {{ kind: string, actor: Address | null, at?: number }} place */
export function go({ kind, actor, at = 0 }) {
  const before = current()
  const isOther = kind !== before.kind
  update({
    kind,
    actor,
    steps: new Map(),
    last: 0,
    progress: {},
    at,
    live: at === 0,
    ...(isOther ? { actors: null, filter: { state: '', text: '' }, zoom: null } : {}),
    ...(actor === null ? {} : { form: { ...before.form, tenant: actor.tenant, id: actor.id } }),
  })
  chooseType()
  writeLocation()
  void refresh()
}

function writeLocation() {
  const { kind, actor, at, live } = current()
  const parts = [kind, ...(actor === null ? [] : [actor.tenant, actor.id]), ...(actor === null || live ? [] : [String(at)])]
  const hash = `#/${parts.map(encodeURIComponent).join('/')}`
  if (location.hash !== hash) history.replaceState(null, '', hash)
}

/** Keeps what is shown in the page's address, so that it can be bookmarked and shared. */
export function followLocation() {
  const read = () => {
    const [kind = '', tenant, id, at] = location.hash.replace(/^#\/?/, '').split('/').map(decoded)
    if (kind === '') return
    go({ kind, actor: tenant === undefined || id === undefined ? null : { tenant, kind, id }, at: Number(at ?? 0) || 0 })
  }
  addEventListener('hashchange', read)
  read()
}

/** A part of the address, which may be typed by hand and invalid. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** Arrow keys step through the history, except in a text field. */
export function followKeys() {
  addEventListener('keydown', (event) => {
    const { at, last } = current()
    const isTyping = event.target instanceof HTMLElement && event.target.matches('input:not([type=range]), textarea, select')
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || last === 0) return
    const places = new Map([
      ['ArrowLeft', at - 1],
      ['ArrowRight', at + 1],
      ['Home', 1],
      ['End', last],
    ])
    const place = places.get(event.key)
    if (place === undefined) return
    event.preventDefault()
    void look(place)
  })
}
