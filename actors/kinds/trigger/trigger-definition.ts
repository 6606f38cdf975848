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
  SERIES_KIND,
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
      'trigger.set': triggerSet.describe('What the trigger watches and does; replaces what was set before'),
      'trigger.watch': triggerWatch.describe('Each emitted event of a kind and type is a reading of the series of the trigger'),
      'trigger.removed': triggerRemoved.describe('The trigger watches no longer'),
      'condition.changed': conditionChanged.describe('From the series: the condition holds now, or no longer'),
      'alert.seen': alertSeen.describe('Somebody looks after the alert'),
    },
    sentBy: { 'condition.changed': [SERIES_KIND] },
    emits: {
      'alert.raised': alertRaised.describe('An alert begins'),
      'alert.escalated': alertEscalated.describe('Nobody has seen the alert: the next step of its chain'),
      'alert.acknowledged': alertAcknowledged.describe('Somebody looks after the alert'),
      'alert.cleared': alertCleared.describe('The alert is over'),
      'notification.sent': notificationSent.describe('Somebody was told of an alert'),
      'notification.failed': notificationFailed.describe('Somebody could not be told of an alert'),
      'trigger.watching': triggerWatching.describe('The series that has the readings, and whose events these are'),
      'trigger.failed': triggerFailed.describe('A condition cannot be evaluated, or the series has no room for it'),
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
