import { pathOf, Problem } from '../../web/page/ask.js'
import { newId, sendInput } from './desk-inputs.js'

/** @typedef {{ text: string, sources: readonly { source: string, score: number }[] }} MachineAnswer */

/** @param {string} text @returns {unknown} */
const parsed = (text) => JSON.parse(text)

/** A model may take its time; then the agent writes himself. */
const WAIT_MS = 60_000

/**
 * Has the machine answer a question that stands alone, as it would answer a customer. It is an actor of the kind `question`, whose record
 * keeps what was asked and answered; nobody but the agent sees the answer. `null`: nothing that was found answers it.
 *
 * @param {string} tenant @param {string} text at most 1,000 characters
 * @returns {Promise<MachineAnswer | null>}
 * @throws {Problem} where there is no such kind, or no answer came in time
 */
export async function draftAnswer(tenant, text) {
  const actor = { tenant, kind: 'question', id: `desk-${newId()}` }
  await sendInput(actor, 'question.asked', { text })
  const stream = new EventSource(`/v1/out/${pathOf(actor.tenant, actor.kind, actor.id)}?after=0`)
  /** @type {PromiseWithResolvers<MachineAnswer | null>} */
  const { promise, resolve, reject } = Promise.withResolvers()
  const late = setTimeout(() => reject(new Problem(0, 'late', 'The machine did not answer in time')), WAIT_MS)
  const on = (/** @type {string} */ type, /** @type {(data: Partial<MachineAnswer> & { reason?: string }) => void} */ work) =>
    stream.addEventListener(type, (/** @type {MessageEvent<string>} */ message) => {
      const event = /** @type {{ data: Partial<MachineAnswer> & { reason?: string } }} */ (parsed(message.data))
      work(event.data)
    })
  on('question.answered', ({ text: answer = '', sources = [] }) => resolve({ text: answer, sources }))
  on('question.failed', ({ reason = 'error' }) =>
    reason === 'no_answer' ? resolve(null) : reject(new Problem(0, reason, `The machine has no answer: ${reason}`)),
  )
  try {
    return await promise
  } finally {
    clearTimeout(late)
    stream.close()
  }
}
