/** @import { DrawnKind } from '../../web/drawn-kinds.ts' */
/** @import { DevState } from '../dev-routes.ts' */
/** @import { ListedActor } from '../../reporting/actor-list.ts' */
/** @import { History, Step } from '../../web/actor-history.ts' */
/** @import { FieldError, Raw } from './form-model.js' */
/** @import { Sent } from './api.js' */

/** @typedef {{ tenant: string, kind: string, id: string }} Address */

/**
 * The form for inputs. `chosen`: somebody chose its type. `raw` holds the contents of its fields (`null`: untouched), `json` the text of
 * the JSON view (`null`: not in use).
 *
 * @typedef {{
 *   tenant: string, id: string, type: string, chosen: boolean, raw: Raw | null, json: string | null, busy: boolean,
 *   errors: readonly FieldError[], sent: Sent & { step?: number } | null,
 * }} Form
 */

/**
 * The state of the page.
 *
 * @typedef {{
 *   problem: { status: number, text: string } | null,
 *   reload: DevState['reload'] | null,
 *   counts: DevState['counts'],
 *   generation: number,
 *   kinds: readonly DrawnKind[],
 *   kind: string,
 *   filter: { state: string, text: string },
 *   actors: readonly ListedActor[] | null,
 *   actor: Address | null,
 *   steps: ReadonlyMap<number, Step>,
 *   last: number,
 *   progress: History['progress'],
 *   at: number,
 *   live: boolean,
 *   tab: 'step' | 'send',
 *   context: 'changes' | 'before' | 'after',
 *   zoom: number | null,
 *   form: Form,
 * }} State
 */

/** @type {Form} */
const form = { tenant: 'dev', id: 'a1', type: '', chosen: false, raw: null, json: null, busy: false, errors: [], sent: null }

/** @type {State} */
let state = {
  problem: null,
  reload: null,
  counts: null,
  generation: -1,
  kinds: [],
  kind: '',
  filter: { state: '', text: '' },
  actors: null,
  actor: null,
  steps: new Map(),
  last: 0,
  progress: {},
  at: 0,
  live: true,
  tab: 'send',
  context: 'changes',
  zoom: null,
  form,
}

/** @type {(() => void)[]} */
const listeners = []
let isDue = false

export const current = () => state

/** Changes some of the state; listeners are called once before the next frame. @param {Partial<State>} change */
export function update(change) {
  state = { ...state, ...change }
  if (isDue) return
  isDue = true
  requestAnimationFrame(() => {
    isDue = false
    for (const listener of listeners) listener()
  })
}

/** @param {Partial<Form>} change */
export const updateForm = (change) => update({ form: { ...state.form, ...change } })

/** @param {() => void} listener */
export const onUpdate = (listener) => void listeners.push(listener)

/** The chosen kind. */
export const kindNow = () => state.kinds.find(({ name }) => name === state.kind)
