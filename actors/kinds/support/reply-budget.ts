import { z } from 'zod'
import type { Context } from './context.ts'

export const REPLY_BUDGET_DEFAULT_MS = 8_000
/** Milliseconds that a quotation may take. So long before the end of the budget, a model is no longer waited for. */
export const QUOTE_MS = 1_000
/** Milliseconds from the end of waiting to the reply in OUT. */
const SEND_MS = 250
/** With less than this left, the budget cannot be met any more. */
const LEFT_MIN_MS = 500

const timed = z.object({ at: z.string() })

/** How long the machine waits for its tasks. `event` is the one that enters the state. */
export interface ReplyBudget {
  /**
   * Milliseconds until the customer gets an apology in place of a reply. A message that is decided too late, after an outage or behind
   * others, has half of the budget from then on: an answer is worth more than an apology that is late, too.
   */
  untilApology(context: Context, event: unknown): number
  /** Milliseconds that a model may take, 0 where none are left. */
  forModel(context: Context, event: unknown): number
}

export function createReplyBudget(budgetMs: number): ReplyBudget {
  const leftOf = ({ queue: [question] }: Context, event: unknown): number => {
    const now = Date.parse(timed.safeParse(event).data?.at ?? '')
    const arrived = Date.parse(question?.arrivedAt ?? '')
    // A message that an earlier version heard has no time; its budget counts from this event. A clock that is behind gives no more.
    const spent = Number.isFinite(now - arrived) ? Math.max(0, now - arrived) : 0
    return budgetMs - SEND_MS - spent
  }
  return {
    untilApology: (context, event) => {
      const left = leftOf(context, event)
      return left >= LEFT_MIN_MS ? left : budgetMs / 2
    },
    forModel: (context, event) => Math.max(0, leftOf(context, event) - QUOTE_MS),
  }
}
