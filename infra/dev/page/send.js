import { html } from '../../web/page/html.js'
import { Problem, readProblems, send } from './api.js'
import { typesByState } from './fitting-types.js'
import { go, look, refresh } from './follow.js'
import { field } from './form.js'
import { blank, fieldsOf, notJson, placeError, valueOf } from './form-model.js'
import { current, kindNow, update, updateForm } from './store.js'

/** @import { JsonSchema } from '../../web/kind-view.ts' */

/** Schema for a type that the kind does not know. The page may send it: the host records it, and the actor stays unchanged. */
const OTHER = ''
/** @type {JsonSchema} */
const ANYTHING = {}

const schemaNow = () => kindNow()?.events[current().form.type] ?? ANYTHING
const rawNow = () => current().form.raw ?? blank(schemaNow(), true)

/** A form for the chosen type of input. */
export function sendForm() {
  const { form } = current()
  const kind = kindNow()
  if (kind === undefined) return html`<p class="empty">No kind to send to.</p>`
  const { state, fitting, others } = typesByState()
  const schema = schemaNow()
  const isKnown = Object.hasOwn(kind.events, form.type)
  const asJson = form.json !== null || !isKnown
  const raw = rawNow()
  return html` <form
    class="send"
    onSubmit=${submit}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
      const { key, ctrlKey, metaKey, currentTarget } = event
      if (key === 'Enter' && (ctrlKey || metaKey) && currentTarget instanceof HTMLFormElement) currentTarget.requestSubmit()
    }}
  >
    <div class="pair">${line('tenant', 'Tenant')} ${line('id', 'Id')}</div>
    <label class="field">
      <span>Type</span>
      <select
        name="known-type"
        value=${isKnown ? form.type : OTHER}
        onChange=${(/** @type {Event} */ event) =>
          event.target instanceof HTMLSelectElement
          && updateForm({ type: event.target.value, chosen: true, raw: null, json: null, errors: [], sent: null })}
      >
        ${group(`fit ${state || 'every state'}`, fitting)} ${group(`change nothing in ${state || 'it'}`, others)}
        <option value=${OTHER}>another…</option>
      </select>
    </label>
    ${isKnown ? null : line('type', 'Another type')}
    ${others.includes(form.type) ? html`<p class="hint">No transition takes this input in ${state}: it will change nothing.</p>` : null}
    ${schema.description === undefined ? null : html`<p class="hint">${schema.description}</p>`}
    ${
      asJson
        ? html`<label class=${`field${isWrong('data') ? ' wrong' : ''}`}
            ><span>data</span>
            <textarea
              name="data"
              rows="9"
              spellcheck=${false}
              value=${form.json ?? '{}'}
              onInput=${(/** @type {InputEvent} */ event) =>
                event.target instanceof HTMLTextAreaElement && updateForm({ json: event.target.value })}
            ></textarea>
            ${errorOf('data')}</label
          >`
        : field({
            schema,
            raw,
            required: true,
            path: 'data',
            name: '',
            errors: form.errors,
            change: (next) => updateForm({ raw: next(rawNow()) }),
          })
    }
    ${form.errors
      .filter(({ field: at }) => !isShown(at, schema, raw, asJson))
      .map(({ text }) => html`<p class="refusal" role="alert">${text}</p>`)}
    <div class="actions">
      <button class="primary" disabled=${form.busy}>${form.busy ? 'Sending…' : 'Send'}</button>
      ${
        isKnown
          ? html` <button type="button" class="plain" onClick=${() => toggleJson(schema, raw)}>${asJson ? 'as a form' : 'as JSON'}</button>`
          : null
      }
      <kbd>Ctrl ⏎</kbd>
    </div>
    ${sent()}
  </form>`
}

/** @param {'tenant' | 'id' | 'type'} name @param {string} label */
function line(name, label) {
  const { form } = current()
  return html` <label class=${`field${isWrong(name) ? ' wrong' : ''}`}
    ><span>${label}</span>
    <input
      name=${name}
      value=${form[name]}
      autocomplete="off"
      spellcheck=${false}
      onInput=${(/** @type {InputEvent} */ event) => event.target instanceof HTMLInputElement && updateForm({ [name]: event.target.value })}
    />${errorOf(name)}</label
  >`
}

/** @param {string} name */
const errorsOf = (name) => current().form.errors.filter(({ field: at }) => at === name)
/** @param {string} name */
const isWrong = (name) => errorsOf(name).length > 0
/** @param {string} name */
const errorOf = (name) => errorsOf(name).map(({ text }) => html`<em role="alert">${text}</em>`)

/** Types of inputs under a heading. @param {string} label @param {readonly string[]} types */
const group = (label, types) =>
  types.length === 0
    ? null
    : html`<optgroup label=${label}>${types.map((type) => html`<option key=${type} value=${type}>${type}</option>`)}</optgroup>`

/** @param {string} name @param {JsonSchema} schema @param {import('./form-model.js').Raw} raw @param {boolean} asJson */
const isShown = (name, schema, raw, asJson) =>
  ['tenant', 'id', 'type'].includes(name) || (asJson ? name === 'data' : fieldsOf(schema, raw).includes(name))

/** @param {JsonSchema} schema @param {import('./form-model.js').Raw} raw */
function toggleJson(schema, raw) {
  if (current().form.json !== null) return updateForm({ json: null, errors: [] })
  updateForm({ json: JSON.stringify(valueOf(schema, raw, true, []), undefined, 2) ?? '{}', errors: [] })
}

/** @param {SubmitEvent} event */
function submit(event) {
  event.preventDefault()
  void sendNow()
}

async function sendNow() {
  const { form, kind, actor: shown } = current()
  if (form.busy) return
  const schema = schemaNow()
  const raw = rawNow()
  const actor = { tenant: form.tenant.trim(), kind, id: form.id.trim() }
  const asJson = form.json !== null || schema === ANYTHING
  const fields = ['tenant', 'id', 'type', ...(asJson ? ['data'] : fieldsOf(schema, raw))]
  /** @type {import('./form-model.js').FieldError[]} */
  const faults = []
  const data = asJson ? parsed(form.json ?? '{}', faults) : valueOf(schema, raw, true, faults)
  if (faults.length > 0) return updateForm({ errors: faults, sent: null })
  updateForm({ busy: true, errors: [], sent: null })
  try {
    const input = { type: form.type, data }
    const sent = await send(actor.tenant, kind, actor.id, input)
    const problems = sent.error === undefined ? [] : await problemsOf(kind, input, sent.error, sent.reason)
    updateForm({ busy: false, sent, errors: problems.map((text) => placeError(text, fields)) })
    if (shown?.tenant !== actor.tenant || shown.id !== actor.id) go({ kind, actor })
    await refresh()
    await look(current().last)
  } catch (error) {
    updateForm({ busy: false })
    if (error instanceof Problem) updateForm({ errors: [placeError(error.message, fields)] })
    else throw error
  }
}

/**
 * All that is wrong with a refused input; only what the refusal says where the kinds cannot tell now.
 *
 * @param {string} kind @param {{ type: string, data: unknown }} input @param {string} refusal @param {string} [reason]
 * @returns {Promise<readonly string[]>}
 */
async function problemsOf(kind, input, refusal, reason) {
  if (reason !== 'bad_data') return [refusal]
  const { problems } = await readProblems(kind, input).catch(() => ({ problems: null }))
  return problems === null || problems.length === 0 ? [refusal] : problems
}

/** @param {string} text @param {import('./form-model.js').FieldError[]} faults @returns {unknown} */
function parsed(text, faults) {
  try {
    return JSON.parse(text)
  } catch {
    faults.push(notJson('data'))
    return undefined
  }
}

/** The outcome of the input that was sent last. */
function sent() {
  const {
    form: { sent: answer },
    steps,
  } = current()
  if (answer === null) return null
  const step = [...steps.values()].find(({ inbox }) => inbox.seq === answer.position)
  const [from, to] = [step?.from || 'not started', step?.to || 'not started']
  const moved = step === undefined ? '' : from === to ? `stays ${step.to === '' ? to : `in ${to}`}` : `${from} → ${to}`
  return html` <p class="sent" data-outcome=${answer.outcome} role="status">
    <b>${answer.outcome}</b> ${answer.reason === undefined ? null : html`<code>${answer.reason}</code>`} ${moved}${' '}
    ${
      step === undefined
        ? null
        : html` <button
            type="button"
            class="plain"
            onClick=${() => {
              void look(step.n)
              update({ tab: 'step' })
            }}
          >
            step ${step.n}
          </button>`
    }
  </p>`
}
