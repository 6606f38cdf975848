import type { AnyMachineSnapshot } from 'xstate'
import type { PendingTimer } from '../../schemas/record.ts'
import { type Calendar, dueAfter, EVERY, isSkipped, nextDue } from '../definition/calendar.ts'
import type { Kind } from '../definition/kind.ts'
import type { Action } from './effects.ts'
import type { Timers } from './snapshot.ts'

/** The id of the timer that gives an actor its event `every`. */
const SEND_ID = 'colloquy.every'

/** The due time of the timer of `every`; undefined for any other timer. */
export function everyDueOf({ sendId, event }: PendingTimer): string | undefined {
  const data: unknown = sendId === SEND_ID ? event['data'] : undefined
  return typeof data === 'object' && data !== null && 'due' in data && typeof data.due === 'string' ? data.due : undefined
}

/** Whether the actor does not see the event: it comes too late, and its kind leaves out what it missed. */
export const isEverySkipped = ({ every }: Kind, due: string | undefined, at: string): boolean =>
  every !== undefined && due !== undefined && isSkipped(every, due, at)

/**
 * The actions that keep the timer of `every` in step with the kind: a live actor always has it. The actor's first decision with a kind
 * that has the option sets it, and so does the decision that takes the event before.
 *
 * @param timers those that are still pending
 * @param fired the due time that this decision takes, where it takes one
 */
export function everyActions(
  { every }: Kind,
  { status }: Pick<AnyMachineSnapshot, 'status'>,
  timers: Timers,
  fired: string | undefined,
  at: string,
): Action[] {
  const pending = Object.values(timers).find(({ sendId }) => sendId === SEND_ID)
  if (every === undefined) return pending === undefined ? [] : [{ type: 'xstate.cancel', params: { sendId: SEND_ID } }]
  if (status !== 'active') return []
  // An event that the machine could not take is a dead letter; the next one comes all the same.
  if (pending?.refused !== true && pending?.event['calendar'] === calendarText(every)) return []
  const due = fired === undefined ? dueAfter(every, at) : nextDue(every, fired, at)
  if (due === undefined) return []
  // As an input has them, so that a machine reads it like one.
  const event = { type: EVERY, id: due, time: due, arrivedAt: due, source: 'colloquy', data: { due }, calendar: calendarText(every) }
  return [{ type: 'xstate.raise', params: { event, id: SEND_ID, delay: Date.parse(due) - Date.parse(at) } }]
}

/** Names a calendar in the timer: another version of the kind may have another one. */
const calendarText = ({ every, timeZone = 'UTC', missed = 'once' }: Calendar): string => `${every} ${timeZone} ${missed}`
