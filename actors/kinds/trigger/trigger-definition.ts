import { z } from 'zod'
import {
  alertAcknowledged,
  alertCleared,
  alertEscalated,
  alertRaised,
  alertSeen,
  conditionChanged,
  notificationFailed,
  notificationSent,
  TRIGGER_LIMITS,
  triggerFailed,
  triggerRemoved,
  triggerSet,
  triggerWatch,
  triggerWatching,
} from '../../../schemas/trigger-events.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { conditionProblem } from '../series/watches.ts'
import { alertSchema } from './alert.ts'
import { type Channels, deliveryTask, notificationSchema } from './channels.ts'

const contextSchema = z.object({
  id: z.string(),
  /** `null` before the first `trigger.set` and after `trigger.removed`. */
  settings: triggerSet.nullable(),
  /** Number of changes of the settings: what the series tells about earlier ones is ignored. */
  revision: z.int().nonnegative(),
  watch: triggerWatch.nullable(),
  /** When the condition was met, and the reading at that time. */
  met: z.object({ at: z.string(), value: z.number().nullable() }).nullable(),
  alert: alertSchema.nullable(),
  alerts: z.int().nonnegative().meta({ description: 'Alerts so far' }),
  waiting: z.array(notificationSchema).max(TRIGGER_LIMITS.waitingMax),
})
export type TriggerContext = z.infer<typeof contextSchema>

/** The kind without its machine. */
export const defineTrigger = (channels: Channels, name: string) =>
  defineKind({
    name,
    version: 1,
    context: contextSchema,
    events: {
      'trigger.set': triggerSet,
      'trigger.watch': triggerWatch,
      'trigger.removed': triggerRemoved,
      'condition.changed': conditionChanged,
      'alert.seen': alertSeen,
    },
    emits: {
      'alert.raised': alertRaised,
      'alert.escalated': alertEscalated,
      'alert.acknowledged': alertAcknowledged,
      'alert.cleared': alertCleared,
      'notification.sent': notificationSent,
      'notification.failed': notificationFailed,
      'trigger.watching': triggerWatching,
      'trigger.failed': triggerFailed,
    },
    tasks: { hook: deliveryTask(channels.hook), chat: deliveryTask(channels.chat), mail: deliveryTask(channels.mail) },
    label: ({ settings, alert, alerts }) => ({
      series: settings?.series ?? null,
      priority: settings?.priority ?? null,
      alert: alert?.id ?? null,
      alerts,
    }),
    refuse: ({ settings }, input) => {
      if (input.type === 'trigger.set') return conditionProblem(input.data)
      return input.type === 'trigger.watch' && settings === null ? 'the trigger has no series yet; send trigger.set first' : undefined
    },
  })
