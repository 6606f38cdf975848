import { DEFAULT_TEAM, DESK_KIND } from '../../../schemas/desk-events.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { REWRITE_DEFAULT_MS } from './asking/rewrite.ts'
import { defineSupport } from './definition.ts'
import { createExtract } from './extract.ts'
import type { Article } from './knowledge.ts'
import { supportMachine } from './machine.ts'
import { MINIMUMS, type Minimums } from './minimums.ts'
import { REPLY_BUDGET_DEFAULT_MS } from './reply-budget.ts'
import { answerTask, lookupTask, quoteTask } from './tasks.ts'

/** Options of the kind `support`. */
export interface SupportOptions extends Partial<Minimums> {
  /** Name of the kind. Default: `support`. */
  readonly name?: string
  /** The knowledge base for tenants that have uploaded none. A tenant with knowledge of its own gets answers from that alone. */
  readonly articles: readonly Article[]
  /**
   * Milliseconds in which a language model may rewrite a message that refers to earlier ones as a question that stands alone; then rules do
   * it. Default 1,500; 0: rules always.
   */
  readonly rewriteMs?: number
  /** @deprecated Since 0.2 the models of the installation write answers: set COLLOQUY_MODELS, or COLLOQUY_LLM_BASE_URL. */
  readonly model?: never
  /** Milliseconds without a customer's message after our last reply, until the case is closed. Default 30 minutes. */
  readonly silenceMs?: number
  /**
   * Milliseconds from the time at which INBOX stored a message to its reply, over all attempts; default 8,000. All processes of a cluster
   * need the same value.
   */
  readonly replyBudgetMs?: number
  /**
   * The desk that is asked for a person: its kind (default `desk`), the team (default `support`), and the skill that a case of an intent
   * needs (`{ refund: 'billing' }`; default: none). Default: `false`, none: agents come
   * by `case.taken`, or by a message. A desk that is not among the kinds makes a dead letter of each case, each minute.
   */
  readonly desk?: { readonly kind?: string; readonly team?: string; readonly skills?: Readonly<Record<string, string>> } | false
}

/** The most that rewriting a message takes of the reply budget. */
const REWRITE_SHARE_MAX = 0.25
const SILENCE_DEFAULT_MS = 30 * 60_000

/**
 * Creates the kind `support`: customer service in Chinese and English over a knowledge base. The language models of the installation write
 * the answers; without one, passages are quoted.
 *
 * @throws ColloquyError `bad_kind` where `rewriteMs` is no number from 0, or the former option `model` is given
 */
export function createSupport({
  name = 'support',
  articles,
  model,
  rewriteMs = REWRITE_DEFAULT_MS,
  silenceMs = SILENCE_DEFAULT_MS,
  replyBudgetMs = REPLY_BUDGET_DEFAULT_MS,
  qualityMin = MINIMUMS.qualityMin,
  quotationMin = MINIMUMS.quotationMin,
  desk = false,
}: SupportOptions) {
  if (!(rewriteMs >= 0)) throw new ColloquyError('bad_kind', `rewriteMs must be a number from 0 (it is ${rewriteMs})`)
  if (model !== undefined) {
    throw new ColloquyError(
      'bad_kind',
      `${name}: the option "model" is gone; leave it out, and name the model by COLLOQUY_MODELS, or by COLLOQUY_LLM_BASE_URL and `
        + 'COLLOQUY_LLM_MODEL',
    )
  }
  const at = desk === false ? undefined : { kind: DESK_KIND, team: DEFAULT_TEAM, skills: {}, ...desk }
  const support = defineSupport(name, at?.kind ?? DESK_KIND, {
    lookup: lookupTask(articles, Math.min(rewriteMs, replyBudgetMs * REWRITE_SHARE_MAX)),
    answer: answerTask({ articles, qualityMin, quotationMin }),
    quote: quoteTask({ articles, quotationMin }),
  })
  return support.with(supportMachine(support.xstate, { silenceMs, replyBudgetMs, extract: createExtract(articles), desk: at }))
}
