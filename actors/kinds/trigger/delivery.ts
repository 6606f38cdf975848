import { assign, enqueueActions, setup } from 'xstate'
import { messageOf } from '../../../schemas/errors.ts'
import { taskError } from '../../../schemas/internal-messages.ts'
import { TRIGGER_LIMITS } from '../../../schemas/trigger-events.ts'
import { type Notification, notificationSchema } from './channels.ts'
import { begun, factsOfOutgoing, inLane, isOutdated, mayBegin, putBack, withoutOutdated } from './outbox.ts'
import type { TriggerContext } from './trigger-context.ts'
import type { defineTrigger } from './trigger-definition.ts'

/** Between two attempts of a notification. */
const PAUSE_MS = 2_000
const LANES = Array.from({ length: TRIGGER_LIMITS.lanesMax }, (_, index) => index + 1)

/** What a lane delivers. */
function notificationIn({ outbox }: TriggerContext, lane: number): Notification {
  const found = inLane(outbox, lane)
  if (found === undefined) throw new Error(`nothing is in the lane ${lane}`)
  return notificationSchema.parse(found)
}

interface InLane {
  readonly lane: number
}
/**
 * The part of a trigger that delivers what is in its outbox, side by side: one notification that hangs delays no other. Each has up to
 * `attemptsMax` attempts. None is begun once it is outdated: the action `drop` removes those that wait.
 */
export function createDelivery(kind: ReturnType<typeof defineTrigger>) {
  const delivery = setup({
    ...kind.xstate,
    guards: {
      hasOutgoing: ({ context }) => context.outbox.length > 0,
      isEmpty: ({ context }) => context.outbox.length === 0,
      mayBegin: ({ context }, { lane }: InLane) => mayBegin(context.outbox, lane),
      isOutdated: ({ context: { outbox, alert } }, { lane }: InLane) => {
        const one = inLane(outbox, lane)
        return one !== undefined && isOutdated(one, alert)
      },
      hasAttempts: ({ context }, { lane }: InLane) => (inLane(context.outbox, lane)?.attempts ?? Infinity) < TRIGGER_LIMITS.attemptsMax,
    },
    actions: {
      /** Drops the notifications that wait and are outdated. */
      drop: enqueueActions(({ context: { outbox, alert }, enqueue }) => {
        const { left, dropped } = withoutOutdated(outbox, alert)
        enqueue.assign({ outbox: left })
        for (const one of dropped) enqueue.emit({ type: 'notification.dropped', data: factsOfOutgoing(one) })
      }),
      begin: assign(({ context }, { lane }: InLane) => ({ outbox: begun(context.outbox, lane) })),
      putBack: assign(({ context }, { lane }: InLane) => ({ outbox: putBack(context.outbox, lane) })),
      /** The notification of a lane has come to its end. */
      settle: enqueueActions(({ context: { outbox, alert }, enqueue }, { lane, error }: InLane & { error?: unknown }) => {
        const done = inLane(outbox, lane)
        if (done === undefined) return
        const facts = factsOfOutgoing(done)
        enqueue.assign({ outbox: outbox.filter((one) => one !== done) })
        if (error === undefined) {
          enqueue.emit({ type: 'notification.sent', data: facts })
          if (done.about === 'raised' && alert?.id === facts.alert)
            enqueue.assign({ alert: { ...alert, told: [...alert.told, done.place] } })
        } else {
          const { code, message } = taskError.safeParse(error).data ?? { code: 'error', message: messageOf(error) }
          enqueue.emit({ type: 'notification.failed', data: { ...facts, code, message } })
        }
      }),
    },
  })

  /** Delivers one notification after the other: up to four attempts of each, and none once it is outdated. */
  const laneOf = (lane: number) => {
    const params = { lane }
    const dropIt = { guard: { type: 'isOutdated', params }, target: 'idle', actions: [{ type: 'putBack', params }, 'drop'] } as const
    return delivery.createStateConfig({
      initial: 'idle',
      states: {
        idle: { always: { guard: { type: 'mayBegin', params }, target: 'sending', actions: { type: 'begin', params } } },
        sending: {
          invoke: {
            id: `lane${lane}`,
            src: 'deliver',
            input: ({ context }) => notificationIn(context, lane),
            onDone: { target: 'idle', actions: { type: 'settle', params: ({ event }) => ({ lane, error: event.output.refused }) } },
            onError: [
              dropIt,
              { guard: { type: 'hasAttempts', params }, target: 'pausing' },
              { target: 'idle', actions: { type: 'settle', params: ({ event }) => ({ lane, error: event.error }) } },
            ],
          },
        },
        pausing: { always: dropIt, after: { [PAUSE_MS]: { target: 'idle', actions: { type: 'putBack', params } } } },
      },
    })
  }

  const notifying = delivery.createStateConfig({
    initial: 'idle',
    states: {
      idle: { always: { guard: 'hasOutgoing', target: 'busy' } },
      busy: {
        type: 'parallel',
        always: { guard: 'isEmpty', target: 'idle' },
        states: Object.fromEntries(LANES.map((lane) => [`lane${lane}`, laneOf(lane)])),
      },
    },
  })
  return { delivery, notifying }
}
