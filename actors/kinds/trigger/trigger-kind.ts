import { isDeepStrictEqual } from 'node:util'
import { assign, emit, enqueueActions } from 'xstate'
import { type ConditionChanged, SERIES_KIND, spanMs, TRIGGER_KIND } from '../../../schemas/trigger-events.ts'
import { send } from '../../definition/send-action.ts'
import { clearedOf, factsOf, isQuiet, msOf, newAlert, notificationsOf, ordersOf, placesOf, raisedOf, stepDueAt } from './alert.ts'
import type { Channels } from './channels.ts'
import { createDelivery } from './delivery.ts'
import { queued, receiversOf } from './outbox.ts'
import { defineTrigger } from './trigger-definition.ts'

/** Options of the kind `trigger`. */
export interface TriggerKindOptions {
  readonly channels: Channels
  /** Name of the kind. Default: `trigger`. */
  readonly name?: string | undefined
}

const close = (reason: 'condition' | 'changed' | 'removed') => ({ type: 'close', params: { reason } }) as const
const tells = (state: ConditionChanged['state']) => ({ type: 'tells', params: { state } }) as const

/**
 * Creates the kind `trigger`: it watches a series and raises one alert from when its condition is met until it ends. The alert goes up its
 * escalation chain until somebody has seen it. Notifications are delivered side by side: one that hangs delays no other.
 */
export function createTriggerKind({ channels, name = TRIGGER_KIND }: TriggerKindOptions) {
  const kind = defineTrigger(channels, name)
  const { delivery, notifying } = createDelivery(kind)
  const trigger = delivery.extend({
    delays: {
      hold: ({ context }) => spanMs(context.settings?.hold ?? '') ?? 0,
      step: ({ context: { settings, alert }, event }) => {
        const now = Date.parse(event.at)
        return settings === null || alert === null ? 0 : (stepDueAt(settings, alert, now) ?? now) - now
      },
    },
    guards: {
      isNew: ({ context, event }) => event.type === 'trigger.set' && !isDeepStrictEqual(context.settings, event.data),
      isNewWatch: ({ context, event }) => event.type === 'trigger.watch' && !isDeepStrictEqual(context.watch, event.data),
      /** What the series tells about earlier settings is ignored. */
      tells: ({ context, event }, { state }: { state: ConditionChanged['state'] }) =>
        event.type === 'condition.changed' && event.data.revision === context.revision && event.data.state === state,
      holdsAtOnce: ({ context }) => spanMs(context.settings?.hold ?? '') === 0,
      isStepDue: ({ context: { settings, alert }, event }) => {
        const now = Date.parse(event.at)
        return settings !== null && alert !== null && (stepDueAt(settings, alert, now) ?? Infinity) <= now
      },
      isChainDone: ({ context: { settings, alert } }) => (settings?.escalation.length ?? 0) <= (alert?.step ?? 0),
    },
    actions: {
      set: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'trigger.set') return
        const revision = context.revision + 1
        const { series, when, clear } = event.data
        const before = context.settings?.series
        if (before !== undefined && before !== series) enqueue(send({ kind: SERIES_KIND, id: before, type: 'series.unwatched', data: {} }))
        enqueue(send({ kind: SERIES_KIND, id: series, type: 'series.watched', data: { revision, when, clear } }))
        enqueue.assign({ settings: event.data, revision, met: null })
        if (context.watch !== null && before !== series) enqueue.emit({ type: 'trigger.watching', data: { series, watch: context.watch } })
      }),
      watch: enqueueActions(({ context: { settings, watch: replaced }, event, enqueue }) => {
        if (event.type !== 'trigger.watch') return
        enqueue.assign({ watch: event.data })
        const data = { series: settings?.series ?? null, watch: event.data, ...(replaced !== null && { replaced }) }
        enqueue.emit({ type: 'trigger.watching', data })
      }),
      remove: enqueueActions(({ context: { settings, watch }, enqueue }) => {
        if (settings !== null) enqueue(send({ kind: SERIES_KIND, id: settings.series, type: 'series.unwatched', data: {} }))
        if (watch !== null) enqueue.emit({ type: 'trigger.watching', data: { series: null, watch: null } })
        enqueue.assign({ settings: null, watch: null, met: null })
      }),
      fail: emit(({ event }) => ({
        type: 'trigger.failed',
        data: { problem: event.type === 'condition.changed' ? (event.data.problem ?? '') : '' },
      })),
      meet: assign({ met: ({ event }) => (event.type === 'condition.changed' ? { at: event.data.at, value: event.data.value } : null) }),
      raise: enqueueActions(({ context: { id, settings, met, alerts }, event, enqueue }) => {
        if (settings === null) return
        const alert = newAlert(`${id}-${alerts + 1}`, event.at, met)
        enqueue.assign({ alert, alerts: alerts + 1 })
        enqueue.emit({ type: 'alert.raised', data: raisedOf(settings, alert) })
      }),
      /** Does the next step of the escalation chain. */
      notify: enqueueActions(({ context: { settings, alert, outbox }, event, enqueue }) => {
        if (settings === null || alert === null) return
        const step = alert.step + 1
        const ms = msOf(alert, Date.parse(event.at))
        if (step > 1) enqueue.emit({ type: 'alert.escalated', data: { ...factsOf(settings, alert), step, ms } })
        for (const order of ordersOf(settings, alert)) enqueue(send(order))
        const told = notificationsOf(settings, alert, placesOf(settings, alert), 'raised', raisedOf(settings, alert))
        const { queue, refused } = queued(outbox, told)
        enqueue.assign({ alert: { ...alert, step }, outbox: queue })
        for (const data of refused) enqueue.emit({ type: 'notification.failed', data })
      }),
      acknowledge: enqueueActions(({ context: { settings, alert }, event, enqueue }) => {
        if (settings === null || alert === null || event.type !== 'alert.seen') return
        enqueue.assign({ alert: { ...alert, isSeen: true } })
        enqueue.emit({
          type: 'alert.acknowledged',
          data: { ...factsOf(settings, alert), ...event.data, ms: msOf(alert, Date.parse(event.at)) },
        })
      }),
      /** Ends the alert, of which those are told who know of it. */
      close: enqueueActions(({ context: { settings, alert, outbox }, event, enqueue }, { reason }: ReturnType<typeof close>['params']) => {
        if (settings === null || alert === null) return
        const now = Date.parse(event.at)
        const data = clearedOf(settings, alert, { reason, value: event.type === 'condition.changed' ? event.data.value : null, now })
        enqueue.emit({ type: 'alert.cleared', data })
        const receivers = isQuiet(settings, now) ? [] : receiversOf(alert, outbox)
        const { queue, refused } = queued(outbox, notificationsOf(settings, alert, receivers, 'cleared', data))
        enqueue.assign({ alert: null, met: null, outbox: queue })
        for (const one of refused) enqueue.emit({ type: 'notification.failed', data: one })
      }),
    },
  })

  return kind.with(
    trigger.createMachine({
      id: TRIGGER_KIND,
      context: ({ input: { id } }) => ({ id, settings: null, revision: 0, watch: null, met: null, alert: null, alerts: 0, outbox: [] }),
      type: 'parallel',
      states: {
        alert: {
          initial: 'off',
          on: {
            'trigger.set': { guard: 'isNew', target: '.watching', actions: [close('changed'), 'drop', 'set'] },
            'trigger.watch': { guard: 'isNewWatch', actions: 'watch' },
            'trigger.removed': { target: '.off', actions: [close('removed'), 'drop', 'remove'] },
            'condition.changed': [
              { guard: tells('failed'), actions: 'fail' },
              { guard: tells('refused'), actions: 'fail' },
            ],
          },
          states: {
            off: {},
            watching: { on: { 'condition.changed': { guard: tells('met'), target: 'pending', actions: 'meet' } } },
            pending: {
              always: { guard: 'holdsAtOnce', target: 'raised' },
              after: { hold: 'raised' },
              on: { 'condition.changed': { guard: tells('unmet'), target: 'watching' } },
            },
            raised: {
              entry: 'raise',
              initial: 'escalating',
              on: { 'condition.changed': { guard: tells('unmet'), target: 'watching', actions: [close('condition'), 'drop'] } },
              states: {
                escalating: {
                  always: [
                    { guard: 'isStepDue', target: 'escalating', reenter: true, actions: 'notify' },
                    { guard: 'isChainDone', target: 'waiting' },
                  ],
                  after: { step: { target: 'escalating', reenter: true, actions: 'notify' } },
                  on: { 'alert.seen': { target: 'acknowledged', actions: ['acknowledge', 'drop'] } },
                },
                waiting: { on: { 'alert.seen': { target: 'acknowledged', actions: ['acknowledge', 'drop'] } } },
                acknowledged: {},
              },
            },
          },
        },
        notifying,
      },
    }),
  )
}
