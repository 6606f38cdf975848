import { isDeepStrictEqual } from 'node:util'
import { assign, emit, enqueueActions, setup } from 'xstate'
import { messageOf } from '../../../schemas/errors.ts'
import { taskError } from '../../../schemas/internal-messages.ts'
import { type Channel, type ConditionChanged, SERIES_KIND, spanMs, TRIGGER_KIND } from '../../../schemas/trigger-events.ts'
import { send } from '../../definition/send-action.ts'
import { actorActionsOf, type Alert, clearedOf, factsOf, notificationsOf, queued, raisedOf, stepDueAt } from './alert.ts'
import type { Channels, Notification } from './channels.ts'
import { defineTrigger, type TriggerContext } from './trigger-definition.ts'

/** Options of the kind `trigger`. */
export interface TriggerKindOptions {
  readonly channels: Channels
  /** Name of the kind. Default: `trigger`. */
  readonly name?: string | undefined
}

/** The oldest notification of a channel that waits. */
const nextOf = ({ waiting }: TriggerContext, channel: Channel): Notification | undefined => waiting.find((one) => one.channel === channel)

/** The oldest one in the state that has one. */
function firstOf(context: TriggerContext, channel: Channel): Notification {
  const first = nextOf(context, channel)
  if (first === undefined) throw new Error(`nothing waits for the channel ${channel}`)
  return first
}

const close = (reason: 'condition' | 'changed' | 'removed') => ({ type: 'close', params: { reason } }) as const
const tells = (state: ConditionChanged['state']) => ({ type: 'tells', params: { state } }) as const

/**
 * Creates the kind `trigger`: it watches a series and raises one alert from when its condition is met until it ends. The alert goes up its
 * escalation chain until somebody has seen it. Each channel delivers by itself: one that hangs delays no other.
 */
export function createTriggerKind({ channels, name = TRIGGER_KIND }: TriggerKindOptions) {
  const kind = defineTrigger(channels, name)
  const trigger = setup({
    ...kind.xstate,
    delays: {
      hold: ({ context }) => spanMs(context.settings?.hold ?? '') ?? 0,
      step: ({ context: { settings, alert }, event }) => {
        const now = Date.parse(event.at)
        return settings === null || alert === null ? 0 : (stepDueAt(settings, alert, now) ?? now) - now
      },
    },
    guards: {
      isNew: ({ context, event }) => event.type === 'trigger.set' && !isDeepStrictEqual(context.settings, event.data),
      /** What the series tells about earlier settings is ignored. */
      tells: ({ context, event }, { state }: { state: ConditionChanged['state'] }) =>
        event.type === 'condition.changed' && event.data.revision === context.revision && event.data.state === state,
      holdsAtOnce: ({ context }) => spanMs(context.settings?.hold ?? '') === 0,
      isStepDue: ({ context: { settings, alert }, event }) => {
        const now = Date.parse(event.at)
        return settings !== null && alert !== null && (stepDueAt(settings, alert, now) ?? Infinity) <= now
      },
      isChainDone: ({ context: { settings, alert } }) => (settings?.escalation.length ?? 0) <= (alert?.step ?? 0),
      hasNext: ({ context }, { channel }: { channel: Channel }) => nextOf(context, channel) !== undefined,
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
      watch: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'trigger.watch') return
        enqueue.assign({ watch: event.data })
        enqueue.emit({ type: 'trigger.watching', data: { series: context.settings?.series ?? null, watch: event.data } })
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
        const since = met?.at ?? event.at
        const alert: Alert = { id: `${id}-${alerts + 1}`, at: Date.parse(event.at), since, value: met?.value ?? null, step: 0 }
        enqueue.assign({ alert, alerts: alerts + 1 })
        enqueue.emit({ type: 'alert.raised', data: raisedOf(settings, alert) })
      }),
      /** Does the next step of the escalation chain. */
      notify: enqueueActions(({ context: { settings, alert, waiting }, event, enqueue }) => {
        if (settings === null || alert === null) return
        const actions = settings.escalation[alert.step]?.actions ?? []
        const step = alert.step + 1
        if (step > 1) {
          const ms = Math.max(0, Date.parse(event.at) - alert.at)
          enqueue.emit({ type: 'alert.escalated', data: { ...factsOf(settings, alert), step, ms } })
        }
        for (const { kind: to, id, type, data } of actorActionsOf(actions)) {
          enqueue(send({ kind: to, id, type, data: { alert: alert.id, value: alert.value, ...data } }))
        }
        const { queue, refused } = queued(waiting, notificationsOf(settings, actions, 'raised', raisedOf(settings, alert)))
        enqueue.assign({ alert: { ...alert, step }, waiting: queue })
        for (const data of refused) enqueue.emit({ type: 'notification.failed', data })
      }),
      acknowledge: enqueueActions(({ context: { settings, alert }, event, enqueue }) => {
        if (settings === null || alert === null || event.type !== 'alert.seen') return
        const ms = Math.max(0, Date.parse(event.at) - alert.at)
        enqueue.emit({ type: 'alert.acknowledged', data: { ...factsOf(settings, alert), ...event.data, ms } })
      }),
      close: enqueueActions(({ context: { settings, alert, waiting }, event, enqueue }, { reason }: ReturnType<typeof close>['params']) => {
        if (settings === null || alert === null) return
        const value = event.type === 'condition.changed' ? event.data.value : null
        const cleared = clearedOf(settings, alert, { reason, value, at: event.at })
        enqueue.emit({ type: 'alert.cleared', data: cleared.data })
        const { queue, refused } = queued(waiting, cleared.notifications)
        enqueue.assign({ alert: null, met: null, waiting: queue })
        for (const data of refused) enqueue.emit({ type: 'notification.failed', data })
      }),
      /** The notification of a channel has come to its end. */
      settle: enqueueActions(({ context, enqueue }, { channel, error }: { channel: Channel; error?: unknown }) => {
        const done = nextOf(context, channel)
        if (done === undefined) return
        const { to, about, alert } = done
        const facts = { alert: alert.alert, channel, to, about }
        if (error === undefined) enqueue.emit({ type: 'notification.sent', data: facts })
        else {
          const { code, message } = taskError.safeParse(error).data ?? { code: 'error', message: messageOf(error) }
          enqueue.emit({ type: 'notification.failed', data: { ...facts, code, message } })
        }
        enqueue.assign({ waiting: context.waiting.filter((one) => one !== done) })
      }),
    },
  })

  const channelRegion = (channel: Channel) =>
    trigger.createStateConfig({
      initial: 'idle',
      states: {
        idle: { always: { guard: { type: 'hasNext', params: { channel } }, target: 'sending' } },
        sending: {
          invoke: {
            id: channel,
            src: channel,
            input: ({ context }) => firstOf(context, channel),
            onDone: { target: 'idle', actions: { type: 'settle', params: { channel } } },
            onError: { target: 'idle', actions: { type: 'settle', params: ({ event }) => ({ channel, error: event.error }) } },
          },
        },
      },
    })

  return kind.with(
    trigger.createMachine({
      id: TRIGGER_KIND,
      context: ({ input: { id } }) => ({ id, settings: null, revision: 0, watch: null, met: null, alert: null, alerts: 0, waiting: [] }),
      type: 'parallel',
      states: {
        alert: {
          initial: 'off',
          on: {
            'trigger.set': { guard: 'isNew', target: '.watching', actions: [close('changed'), 'set'] },
            'trigger.watch': { actions: 'watch' },
            'trigger.removed': { target: '.off', actions: [close('removed'), 'remove'] },
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
              on: { 'condition.changed': { guard: tells('unmet'), target: 'watching', actions: close('condition') } },
              states: {
                escalating: {
                  always: [
                    { guard: 'isStepDue', target: 'escalating', reenter: true, actions: 'notify' },
                    { guard: 'isChainDone', target: 'waiting' },
                  ],
                  after: { step: { target: 'escalating', reenter: true, actions: 'notify' } },
                  on: { 'alert.seen': { target: 'acknowledged', actions: 'acknowledge' } },
                },
                waiting: { on: { 'alert.seen': { target: 'acknowledged', actions: 'acknowledge' } } },
                acknowledged: {},
              },
            },
          },
        },
        hook: channelRegion('hook'),
        chat: channelRegion('chat'),
        mail: channelRegion('mail'),
      },
    }),
  )
}
