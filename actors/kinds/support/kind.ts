import { defineSupport } from './definition.ts'
import type { Article } from './knowledge.ts'
import { supportMachine } from './machine.ts'
import type { ModelOptions } from './model.ts'
import { answerTask, lookupTask } from './tasks.ts'

/** Options of the kind `support`. */
export interface SupportOptions {
  /** Name of the kind. Default: `support`. */
  readonly name?: string
  /** The knowledge base for tenants that have uploaded none. A tenant with knowledge of its own gets answers from that alone. */
  readonly articles: readonly Article[]
  /** The model that writes answers. Default: none; answers are quotations. */
  readonly model?: ModelOptions | undefined
  /** Milliseconds without a customer's message after our last reply, until the case is closed. Default 30 minutes. */
  readonly silenceMs?: number
}

const SILENCE_DEFAULT_MS = 30 * 60_000

/** Creates the kind `support`: customer service in Chinese and English over a knowledge base. */
export function createSupport({ name = 'support', articles, model, silenceMs = SILENCE_DEFAULT_MS }: SupportOptions) {
  const support = defineSupport(name, { lookup: lookupTask(articles, model !== undefined), answer: answerTask(articles, model) })
  return support.with(supportMachine(support.xstate, silenceMs))
}
