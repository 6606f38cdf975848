import { z } from 'zod'
import { TRIGGER_LIMITS } from '../../../schemas/trigger-events.ts'
import { type Alert, type Place, placeSchema } from './alert.ts'
import { type Notification, notificationSchema } from './channels.ts'

/** A notification that waits, or is under way. */
export const outgoingSchema = notificationSchema.extend({
  place: placeSchema,
  /** Attempts that were begun. */
  attempts: z.int().nonnegative(),
  /** The lane that delivers it; `null` while it waits. */
  lane: z.int().nullable(),
})
export type Outgoing = z.infer<typeof outgoingSchema>

const isAt = (a: Place, b: Place): boolean => a[0] === b[0] && a[1] === b[1]

/** What waits, with more that came, and what finds no room any more. */
export function queued(outbox: readonly Outgoing[], more: readonly (Notification & { readonly place: Place })[]) {
  const { waitingMax, waitingBytesMax } = TRIGGER_LIMITS
  const [queue, refused]: [Outgoing[], Outgoing[]] = [[...outbox], []]
  for (const one of more) {
    const outgoing = { ...one, attempts: 0, lane: null }
    const next = [...queue, outgoing]
    const hasRoom = next.length <= waitingMax && Buffer.byteLength(JSON.stringify(next)) <= waitingBytesMax
    const list = hasRoom ? queue : refused
    list.push(outgoing)
  }
  const message = `${queue.length} notifications of the trigger wait already; at most ${waitingMax} may, with ${waitingBytesMax} bytes`
  return { queue, refused: refused.map((one) => ({ ...factsOfOutgoing(one), code: 'too_many', message })) }
}

/** What events say of a notification. */
export const factsOfOutgoing = ({ alert, channel, to, about }: Outgoing) => ({ alert: alert.alert, channel, to, about })

export const inLane = (outbox: readonly Outgoing[], lane: number): Outgoing | undefined => outbox.find((one) => one.lane === lane)

/**
 * The notification that is delivered next. Those of one place keep their order; first attempts come before others, so that a receiver that
 * hangs holds up itself alone.
 */
function nextOf(outbox: readonly Outgoing[]): Outgoing | undefined {
  const free = outbox.filter((one, at) => one.lane === null && !outbox.slice(0, at).some(({ place }) => isAt(place, one.place)))
  return free.find(({ attempts }) => attempts === 0) ?? free[0]
}

/** Whether it is for this lane, the first that is free, to take the next notification. */
export function mayBegin(outbox: readonly Outgoing[], lane: number): boolean {
  const taken = new Set(outbox.map((one) => one.lane))
  for (let lower = 1; lower < lane; lower++) if (!taken.has(lower)) return false
  return !taken.has(lane) && nextOf(outbox) !== undefined
}

/** The next notification goes to a lane, for its first or another attempt. */
export function begun(outbox: readonly Outgoing[], lane: number): Outgoing[] {
  const next = nextOf(outbox)
  return outbox.map((one) => (one === next ? { ...one, lane, attempts: one.attempts + 1 } : one))
}

/** What was in a lane waits again. */
export const putBack = (outbox: readonly Outgoing[], lane: number): Outgoing[] =>
  outbox.map((one) => (one.lane === lane ? { ...one, lane: null } : one))

/** Whether a notification says that an alert was raised which somebody has seen since, or which is over. */
export const isOutdated = ({ about, alert: { alert: id } }: Outgoing, alert: Alert | null): boolean =>
  about === 'raised' && (alert?.id !== id || alert.isSeen)

/** Notifications that wait, apart from those that are outdated. An attempt that is under way comes to its end. */
export function withoutOutdated(outbox: readonly Outgoing[], alert: Alert | null) {
  const { left = [], dropped = [] } = Object.groupBy(outbox, (one) => (one.lane === null && isOutdated(one, alert) ? 'dropped' : 'left'))
  return { left, dropped }
}

/** Who was told that the alert was raised, or is being told. */
export const receiversOf = ({ id, told }: Alert, outbox: readonly Outgoing[]): Place[] => [
  ...told,
  ...outbox.flatMap(({ about, alert, attempts, place }) => (about === 'raised' && alert.alert === id && attempts > 0 ? [place] : [])),
]
