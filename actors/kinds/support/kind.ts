import { REWRITE_DEFAULT_MS } from './asking/rewrite.ts'
import { defineSupport } from './definition.ts'
import { createExtract } from './extract.ts'
import type { Article } from './knowledge.ts'
import { supportMachine } from './machine.ts'
import { MINIMUMS, type Minimums } from './minimums.ts'
import { checkModelOptions, type ModelOptions } from './model-options.ts'
import { REPLY_BUDGET_DEFAULT_MS } from './reply-budget.ts'
import { answerTask, lookupTask, quoteTask } from './tasks.ts'

/** Options of the kind `support`. */
export interface SupportOptions extends Partial<Minimums> {
  /** Name of the kind. Default: `support`. */
  readonly name?: string
  /** The knowledge base for tenants that have uploaded none. A tenant with knowledge of its own gets answers from that alone. */
  readonly articles: readonly Article[]
  /** The model that writes answers. Default: none; answers are quotations. */
  readonly model?: ModelOptions | undefined
  /** Milliseconds without a customer's message after our last reply, until the case is closed. Default 30 minutes. */
  readonly silenceMs?: number
  /**
   * Milliseconds from the time at which INBOX stored a message to its reply, over all attempts; default 8,000. All processes of a cluster
   * need the same value.
   */
  readonly replyBudgetMs?: number
}

/** The most that rewriting a message takes of the reply budget. */
const REWRITE_SHARE_MAX = 0.25
const SILENCE_DEFAULT_MS = 30 * 60_000

/**
 * Creates the kind `support`: customer service in Chinese and English over a knowledge base.
 *
 * @throws ColloquyError `bad_kind` where an option of the model is no number, or not positive
 */
export function createSupport({
  name = 'support',
  articles,
  model,
  silenceMs = SILENCE_DEFAULT_MS,
  replyBudgetMs = REPLY_BUDGET_DEFAULT_MS,
  qualityMin = MINIMUMS.qualityMin,
  quotationMin = MINIMUMS.quotationMin,
}: SupportOptions) {
  if (model !== undefined) checkModelOptions(model)
  const support = defineSupport(name, {
    lookup: lookupTask(articles, model, Math.min(model?.rewriteMs ?? REWRITE_DEFAULT_MS, replyBudgetMs * REWRITE_SHARE_MAX)),
    answer: answerTask({ articles, model, qualityMin, quotationMin }),
    quote: quoteTask({ articles, quotationMin }),
  })
  return support.with(supportMachine(support.xstate, { silenceMs, replyBudgetMs, extract: createExtract(articles) }))
}
