import { activePaths } from '../../web/page/step.js'
import { current, kindNow } from './store.js'

/** The state of the actor to which the form sends; empty before its start, `null` where it is not known. @returns {string | null} */
function stateOfTarget() {
  const { form, actor, steps, last, actors } = current()
  const [tenant, id] = [form.tenant.trim(), form.id.trim()]
  if (actor?.tenant === tenant && actor.id === id) return last === 0 ? (kindNow()?.initial ?? null) : (steps.get(last)?.to ?? null)
  return actors?.find((one) => one.tenant === tenant && one.id === id)?.state ?? null
}

/**
 * The types of inputs that the actor's present state has a transition for, and the others; a new actor's state is the initial one.
 *
 * @returns {{ state: string, fitting: readonly string[], others: readonly string[] }}
 */
export function typesByState() {
  const kind = kindNow()
  if (kind === undefined) return { state: '', fitting: [], others: [] }
  const state = stateOfTarget() || kind.initial
  const paths = ['', ...activePaths(state)]
  const accepted = new Set(paths.flatMap((path) => kind.accepts[path] ?? []))
  const types = Object.keys(kind.events)
  return { state, fitting: types.filter((type) => accepted.has(type)), others: types.filter((type) => !accepted.has(type)) }
}
