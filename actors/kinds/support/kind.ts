import { defineSupport } from './definition.ts'
import type { Article } from './knowledge.ts'
import { supportMachine } from './machine.ts'
import type { ModelOptions } from './model.ts'
import { answerTask, lookupTask } from './tasks.ts'

export interface SupportOptions {
  /** What is known where a tenant has learned nothing of its own; all that is answered comes from the one or the other. */
  readonly articles: readonly Article[]
  /** Default: none, answers are quotations. */
  readonly model?: ModelOptions | undefined
  /** How long a customer may be silent after our last reply before the case is closed. Default 30 minutes. */
  readonly silenceMs?: number
}

const SILENCE_DEFAULT_MS = 30 * 60_000

/** The kind `support`: customer service in Chinese and English over a knowledge base. */
export function createSupport({ articles, model, silenceMs = SILENCE_DEFAULT_MS }: SupportOptions) {
  const support = defineSupport({ lookup: lookupTask(articles, model !== undefined), answer: answerTask(articles, model) })
  return support.with(supportMachine(support.xstate, silenceMs))
}
