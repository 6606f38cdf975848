import {
  alertAcknowledged,
  alertCleared,
  alertEscalated,
  alertRaised,
  alertSeen,
  conditionChanged,
  notificationDropped,
  notificationFailed,
  notificationSent,
  SERIES_KIND,
  TRIGGER_LIMITS,
  triggerFailed,
  triggerRemoved,
  triggerSet,
  type TriggerSettings,
  triggerWatch,
  triggerWatching,
} from '../../../schemas/trigger-events.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { conditionProblem } from '../series/watches.ts'
import { type Channels, deliveryTask } from './channels.ts'
import { contextSchema } from './trigger-context.ts'
import { fromVersion1 } from './trigger-version-1.ts'

function settingsProblem(settings: TriggerSettings): string | undefined {
  const { settingsBytesMax: max } = TRIGGER_LIMITS
  const bytes = Buffer.byteLength(JSON.stringify(settings))
  return bytes <= max ? undefined : `the trigger would have ${bytes} bytes as JSON; at most ${max}: shorten the data of its actions`
}

/** The kind without its machine. */
export const defineTrigger = (channels: Channels, name: string) =>
  defineKind({
    name,
    version: 2,
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
      'notification.dropped': notificationDropped.describe('Nobody is told any more that an alert was raised: it was seen, or is over'),
      'trigger.watching': triggerWatching.describe('The series that has the readings, and whose events these are'),
      'trigger.failed': triggerFailed.describe('A condition cannot be evaluated, or the series has no room for it'),
    },
    tasks: { deliver: deliveryTask(channels) },
    migrate: { 1: fromVersion1 },
    label: ({ settings, alert, alerts }) => ({
      series: settings?.series ?? null,
      priority: settings?.priority ?? null,
      alert: alert?.id ?? null,
      alerts,
    }),
    refuse: ({ settings }, input) => {
      if (input.type === 'trigger.set') return conditionProblem(input.data) ?? settingsProblem(input.data)
      return input.type === 'trigger.watch' && settings === null ? 'the trigger has no series yet; send trigger.set first' : undefined
    },
  })
