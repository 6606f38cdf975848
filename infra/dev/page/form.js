import { html } from '../../web/page/html.js'
import { blank, controlOf, isChoice, isList, isTree } from './form-model.js'

/** @import { JsonSchema } from '../../web/kind-view.ts' */
/** @import { FieldError, Raw } from './form-model.js' */

/**
 * @typedef {{
 *   schema: JsonSchema, raw: Raw, required: boolean, path: string, name: string,
 *   change: Change, errors: readonly FieldError[],
 * }} Field
 *
 * Changes the field by a function from its current contents to the new ones: the user may have typed since the field was drawn.
 * @typedef {(next: (raw: Raw) => Raw) => void} Change
 */

/** A field, or nested fields, for a schema. @param {Field} of @returns {import('../../web/page/lib/preact.mjs').VNode} */
export function field(of) {
  const control = controlOf(of.schema, of.name)
  switch (control.control) {
    case 'object':
      return objectField(of, control.properties)
    case 'list':
      return listField(of, control.items)
    case 'choice':
      return choiceField(of, control.of)
    default:
      return leafField(of, control)
  }
}

/** @param {Field} of @param {readonly { name: string, schema: JsonSchema, required: boolean }[]} properties */
function objectField({ raw, path, name, change, errors, required }, properties) {
  const tree = isTree(raw) ? raw : {}
  const inner = properties.map((property) =>
    field({
      schema: property.schema,
      raw: tree[property.name] ?? blank(property.schema, property.required),
      required: property.required,
      name: property.name,
      path: `${path}.${property.name}`,
      errors,
      change: (next) =>
        change((now) => {
          const held = isTree(now) ? now : {}
          return { ...held, [property.name]: next(held[property.name] ?? blank(property.schema, property.required)) }
        }),
    }),
  )
  if (name === '') return html`<div class="fields">${inner.length === 0 ? html`<p class="hint">This input has no data.</p>` : inner}</div>`
  return html`<fieldset>
    <legend>${name}${required ? '' : optional}</legend>
    ${inner}
  </fieldset>`
}

/** @param {Field} of @param {JsonSchema} items */
function listField({ raw, path, name, change, errors, required }, items) {
  const list = itemsOf(raw)
  return html` <fieldset>
    <legend>${name}${required ? '' : optional}</legend>
    ${list.map(
      (item, index) =>
        html` <div class="item" key=${index}>
          ${field({
            schema: items,
            raw: item,
            required: true,
            name: String(index + 1),
            path: `${path}.${index}`,
            errors,
            change: (next) => change((now) => ({ items: itemsOf(now).map((held, at) => (at === index ? next(held) : held)) })),
          })}
          <button
            type="button"
            class="plain"
            aria-label=${`Remove ${name} ${index + 1}`}
            onClick=${() => change((now) => ({ items: itemsOf(now).toSpliced(index, 1) }))}
          >
            ×
          </button>
        </div>`,
    )}
    <button type="button" class="plain" onClick=${() => change((now) => ({ items: [...itemsOf(now), blank(items, true)] }))}>+ add</button>
    ${errorAt(path, errors)}
  </fieldset>`
}

/** @param {Raw} raw */
const itemsOf = (raw) => (isList(raw) ? raw.items : [])

/** @param {Field} of @param {readonly JsonSchema[]} variants */
function choiceField({ raw, path, name, change, errors, required }, variants) {
  const chosen = isChoice(raw) ? raw.choice : 0
  const schema = variants[chosen] ?? {}
  return html` <fieldset>
    <legend>${name}${required ? '' : optional}</legend>
    <label class="field"
      ><span>variant</span>
      <select
        value=${String(chosen)}
        onChange=${(/** @type {Event} */ event) => {
          if (!(event.target instanceof HTMLSelectElement)) return
          const choice = Number(event.target.value)
          change(() => ({ choice, of: blank(variants[choice] ?? {}, required) }))
        }}
      >
        ${variants.map((variant, index) => html` <option key=${index} value=${String(index)}>${variantName(variant, index)}</option>`)}
      </select>
    </label>
    ${field({
      schema,
      raw: isChoice(raw) ? raw.of : blank(schema, required),
      required,
      name: 'value',
      path,
      errors,
      change: (next) => change((now) => ({ choice: chosen, of: next(isChoice(now) ? now.of : blank(schema, required)) })),
    })}
  </fieldset>`
}

/** @param {JsonSchema} variant @param {number} index */
function variantName(variant, index) {
  const tag = Object.values(variant.properties ?? {}).find((property) => property.const !== undefined)
  if (variant.title !== undefined) return variant.title
  if (tag !== undefined) return JSON.stringify(tag.const)
  return variant.type === undefined ? `variant ${index + 1}` : [variant.type].flat().join(' or ')
}

/**
 * @param {Field} of
 * @param {Exclude<ReturnType<typeof controlOf>, { control: 'object' | 'list' | 'choice' }>} control
 */
function leafField({ schema, raw, path, name, change, errors, required }, control) {
  const value = typeof raw === 'string' ? raw : ''
  const isWrong = errors.some(({ field: at }) => at === path)
  const onInput = (/** @type {Event} */ { target }) => {
    if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) {
      const { value: typed } = target
      change(() => typed)
    }
  }
  const attributes = { name: path, onInput, 'aria-invalid': isWrong ? 'true' : undefined, title: hintOf(schema), autocomplete: 'off' }
  return html` <label key=${path} class=${isWrong ? 'field wrong' : 'field'}>
    <span>${name}${required ? '' : optional}${schema.description === undefined ? null : html`<small>${schema.description}</small>`}</span>
    ${input(control, value, attributes, required)} ${errorAt(path, errors)}
  </label>`
}

/**
 * @param {Exclude<ReturnType<typeof controlOf>, { control: 'object' | 'list' | 'choice' }>} control
 * @param {string} value @param {object} attributes @param {boolean} required
 */
function input(control, value, attributes, required) {
  switch (control.control) {
    case 'select':
      return html` <select value=${value} ...${attributes}>
        ${required ? null : html`<option value="">—</option>`}
        ${control.values.map((one) => html`<option key=${JSON.stringify(one)} value=${JSON.stringify(one)}>${String(one)}</option>`)}
      </select>`
    case 'date':
      return html`<input type="date" value=${value} ...${attributes} />`
    case 'time':
      return html`<input type="time" step="1" value=${value} ...${attributes} />`
    case 'date-time':
      return html`<input type="datetime-local" step="1" value=${value} ...${attributes} />`
    case 'number':
      return html`<input inputmode="decimal" value=${value} ...${attributes} />`
    case 'lines':
      return html`<textarea rows="2" value=${value} ...${attributes}></textarea>`
    case 'json':
      return html`<textarea rows="3" placeholder="JSON" spellcheck=${false} value=${value} ...${attributes}></textarea>`
    default:
      return html`<input value=${value} ...${attributes} />`
  }
}

const optional = html`<i> optional</i>`

/** @param {string} path @param {readonly FieldError[]} errors */
const errorAt = (path, errors) => errors.filter(({ field: at }) => at === path).map(({ text }) => html`<em role="alert">${text}</em>`)

const BOUNDS = /** @type {const} */ ([
  ['minimum', 'from'],
  ['maximum', 'to'],
  ['minLength', 'at least characters:'],
  ['maxLength', 'at most characters:'],
  ['format', 'format'],
])

/** The bounds of a value in words. @param {JsonSchema} schema */
const hintOf = (schema) =>
  BOUNDS.filter(([name]) => schema[name] !== undefined && Math.abs(Number(schema[name])) !== Number.MAX_SAFE_INTEGER)
    .map(([name, word]) => `${word} ${schema[name]}`)
    .join(', ') || undefined
