import { z } from 'zod'
import { type caseQueued, type caseReleased, type caseWaiting, DESK_LIMITS } from '../../../schemas/desk-events.ts'
import type { Context, Turn } from './context.ts'
import { summaryOf } from './summary.ts'

/** The desk of a kind's cases. */
export interface Desk {
  /** Name of its kind. */
  readonly kind: string
  /** The team that is asked first, whose name is the id of its desk. */
  readonly team: string
}

/** What a case knows of the desk that it asks for a person. */
export const atDeskSchema = z.object({
  /** The team that has the case now. */
  team: z.string().max(64),
  /** Who has it; `null`: nobody yet. */
  agent: z.string().max(DESK_LIMITS.agentCharsMax).nullable(),
  reason: z.string().max(64),
  since: z.string(),
  /** The newest message at the hand-over, to which a word about office hours replies; `null`: none. */
  asked: z.string().nullable(),
  /** The customer was told when the office opens. */
  told: z.boolean(),
})
export type AtDesk = z.infer<typeof atDeskSchema>

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

/** The person has it no longer, and the desk looks for another one; a desk of another team is asked anew. */
export const withoutAgent = (context: Context, { to }: z.output<typeof caseReleased>): Context =>
  context.desk === null ? context : { ...context, desk: { ...context.desk, agent: null, team: to ?? context.desk.team } }

/** UTF-16 units of a turn. */
const TURN_CHARS_MAX = 300

/** What was agreed, as turns of the person that said it: a turn holds less. */
export function agreedTurns(agreed: string | undefined): Turn[] {
  const parts = Math.ceil((agreed?.length ?? 0) / TURN_CHARS_MAX)
  return Array.from({ length: parts }, (_, index) => ({
    role: 'agent',
    text: (agreed ?? '').slice(index * TURN_CHARS_MAX, (index + 1) * TURN_CHARS_MAX).toWellFormed(),
  }))
}
