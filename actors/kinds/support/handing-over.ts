import type { z } from 'zod'
import type { caseQueued, caseReleased, caseWaiting } from '../../../schemas/desk-events.ts'
import type { Context } from './context.ts'
import { summaryOf } from './summary.ts'

/** What the desk is told of a case that waits. */
export function waitingOf({ desk, turns, lang, customer, openedAt }: Context): z.input<typeof caseWaiting> | undefined {
  if (desk === null) return undefined
  const { reason, since } = desk
  return {
    reason,
    since,
    // One who complains comes before one who asks.
    priority: reason === 'negative_feedback' ? 'high' : 'normal',
    summary: summaryOf(turns, reason, lang ?? 'en'),
    ...(lang !== null && { lang }),
    // Half an id would be another customer's.
    ...(customer !== null && customer.length <= CUSTOMER_CHARS_MAX && { customer }),
    ...(openedAt !== null && { transcript: { from: openedAt, to: since } }),
  }
}

const CUSTOMER_CHARS_MAX = 128

/** The case waits at a desk. */
export function withQueued(context: Context, { team, opensAt }: z.output<typeof caseQueued>): Context {
  const { desk } = context
  return desk === null ? context : { ...context, desk: { ...desk, team, agent: null, told: desk.told || opensAt !== null } }
}

/** A person of the desk has the case. */
export const withAgent = (context: Context, team: string, agent: string): Context =>
  context.desk === null ? context : { ...context, desk: { ...context.desk, team, agent } }

/** The person has it no longer, and the desk looks for another one; a desk of another team is asked next. */
export const withoutAgent = (context: Context, { to }: z.output<typeof caseReleased>): Context =>
  context.desk === null ? context : { ...context, desk: { ...context.desk, agent: null, team: to ?? context.desk.team } }
