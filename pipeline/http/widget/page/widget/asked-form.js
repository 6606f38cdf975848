import { element } from './element.js'

/** @import { Words } from './widget-words.js' */

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} title
 * @property {string} type
 * @property {boolean} [required]
 * @property {string[]} [choices]
 * @property {number} [min] of a number; of a text its fewest characters
 * @property {number} [max]
 */
/**
 * @typedef {object} Asked
 * @property {string} id
 * @property {string} kind of the actor that asks
 * @property {string} title
 * @property {Field[]} fields
 * @property {{ field: string, problem: string }[]} [problems] what was wrong with what was submitted
 */

/**
 * A form that the person is asked to fill in. The server checks the values; what is wrong comes as a new form.
 *
 * @param {Asked} asked
 * @param {Words} words
 * @param {(values: Record<string, string | number | boolean>) => Promise<unknown>} submit
 */
export function formOf({ title, fields, problems = [] }, words, submit) {
  const wrong = element('p', { class: 'wrong', role: 'alert' })
  const inputs = fields.map((field) => ({ field, input: inputOf(field, words) }))
  const send = element('button', { class: 'main' }, words.submit)
  const form = element(
    'form',
    {},
    element('strong', { dir: 'auto' }, title),
    ...inputs.map(({ field, input }) => {
      const found = problems.find((one) => one.field === field.name)
      if (found !== undefined) input.setAttribute('aria-invalid', 'true')
      const label = `${field.title}${field.required === true ? ' *' : ''}`
      const told = found === undefined ? [] : [element('span', { class: 'wrong', dir: 'auto' }, found.problem)]
      return element('label', {}, element('span', { dir: 'auto' }, label), input, ...told)
    }),
    wrong,
    send,
  )
  const trySubmit = async () => {
    send.disabled = true
    try {
      await submit(Object.fromEntries(inputs.flatMap(({ field, input }) => valueOf(field, input))))
    } catch (error) {
      wrong.textContent = words.failed(error instanceof Error ? error.message : '')
      send.disabled = false
    }
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void trySubmit()
  })
  return form
}

/** @param {Field} field @param {Words} words */
function inputOf({ type, required = false, choices = [], min, max }, words) {
  if (type === 'choice') {
    const select = element(
      'select',
      {},
      element('option', { value: '' }, words.choose),
      ...choices.map((one) => element('option', {}, one)),
    )
    select.required = required
    return select
  }
  const input = element('input', { type: { number: 'number', boolean: 'checkbox' }[type] ?? 'text' })
  // A box that may stay empty is a no.
  input.required = required && type !== 'boolean'
  const [least, most] = type === 'number' ? ['min', 'max'] : ['minlength', 'maxlength']
  if (type === 'number') input.step = 'any'
  if (least !== undefined && min !== undefined) input.setAttribute(least, String(min))
  if (most !== undefined && max !== undefined) input.setAttribute(most, String(max))
  return input
}

/**
 * The value of a field with its name; none where it is left empty.
 *
 * @param {Field} field
 * @param {HTMLInputElement | HTMLSelectElement} input
 * @returns {[string, string | number | boolean][]}
 */
function valueOf({ name, type }, input) {
  if (type === 'boolean' && input instanceof HTMLInputElement) return [[name, input.checked]]
  if (input.value === '') return []
  return [[name, type === 'number' ? Number(input.value) : input.value]]
}
