import type { z } from 'zod'
import type { caseOverdue, caseQueued, caseReleased, caseWaiting } from '../../../schemas/desk-events.ts'
import type { Desk } from './at-desk.ts'
import type { Context } from './context.ts'
import { summaryOf } from './summary.ts'

/**
 * What the desk is told of a case that waits.
 *
 * @param at when it asks, RFC 3339
 */
export function waitingOf(context: Context, skills: Desk['skills'], at: string): z.input<typeof caseWaiting> | undefined {
  const { desk, turns, lang, customer, openedAt, intent } = context
  if (desk === null) return undefined
  const { reason, since, replied, askedAt, missed, from, unknownTeam } = desk
  const skill = intent === null || !Object.hasOwn(skills, intent) ? undefined : skills[intent]
  return {
    reason,
    since,
    // One who complains comes before one who asks.
    priority: reason === 'negative_feedback' ? 'high' : 'normal',
    summary: summaryOf(turns, reason, lang ?? 'en'),
    ...(lang !== null && { lang }),
    // Half an id would be another customer's.
    ...(customer !== null && customer.length <= CUSTOMER_CHARS_MAX && { customer }),
    ...(openedAt !== null && { transcript: { from: openedAt, to: at } }),
    ...(skill !== undefined && { skill }),
    ...(replied && { askedAt: askedAt ?? at }),
    ...(missed.length > 0 && { missed }),
    ...(from !== undefined && { from }),
    ...(unknownTeam !== undefined && { unknownTeam }),
  }
}

const CUSTOMER_CHARS_MAX = 128

/** The case waits at a desk. */
export function withQueued(context: Context, { team, opensAt }: z.output<typeof caseQueued>): Context {
  const { desk } = context
  if (desk === null) return context
  return { ...context, desk: { ...desk, ...ARRIVED, team, agent: null, told: desk.told || opensAt !== null } }
}

/** A case that a desk has needs to say no more where it came from. */
const ARRIVED = { from: undefined, unknownTeam: undefined } as const

/** A person of the desk has the case. */
export const withAgent = (context: Context, team: string, agent: string): Context =>
  context.desk === null ? context : { ...context, desk: { ...context.desk, ...ARRIVED, team, agent } }

/**
 * The person has it no longer, and the desk looks for another one; a desk of another team is asked next.
 *
 * @param at when he gave it away, RFC 3339
 */
export function withoutAgent(context: Context, { to, team, agent, note }: z.output<typeof caseReleased>, at: string): Context {
  const { desk } = context
  if (desk === null) return context
  const from = to === undefined ? undefined : { team, agent, ...(note !== undefined && { note }) }
  return { ...context, desk: { ...desk, ...ARRIVED, agent: null, team: to ?? desk.team, askedAt: desk.askedAt ?? at, from } }
}

/** What it was transferred to is no team: it asks again where it came from. */
export function withoutTeam(context: Context): Context {
  const { desk } = context
  if (desk?.from === undefined) return context
  const { team, agent } = desk.from
  return { ...context, desk: { ...desk, from: undefined, team, unknownTeam: { team: desk.team, agent } } }
}

/** The customer or a person has written. @param at RFC 3339 */
export function withWord(context: Context, role: string, at: string): Context {
  const { desk } = context
  if (desk === null) return context
  if (role === 'user') return { ...context, desk: { ...desk, askedAt: desk.askedAt ?? at } }
  if (role !== 'agent') return context
  return { ...context, desk: { ...desk, replied: true, askedAt: null, missed: desk.missed.filter((clock) => clock !== 'next_reply') } }
}

/** The desk said that a promise was missed. */
export function withMissed(context: Context, { clock }: z.output<typeof caseOverdue>): Context {
  const { desk } = context
  if (desk === null || desk.missed.includes(clock)) return context
  return { ...context, desk: { ...desk, missed: [...desk.missed, clock] } }
}
