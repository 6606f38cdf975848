import type { StateValue } from 'xstate'
import { z } from 'zod'
import type { Migration } from '../../definition/earlier-versions.ts'
import { alertSchema } from './alert.ts'
import { notificationSchema } from './channels.ts'
import { contextSchema, type TriggerContext } from './trigger-context.ts'

const version1 = z.looseObject({
  settings: contextSchema.shape.settings,
  alert: alertSchema.omit({ isSeen: true, told: true }).nullable(),
  waiting: z.array(notificationSchema.omit({ id: true })),
})

/**
 * Version 1 had a region for each channel, and notifications without a place in the chain. They are sent by the present rules, each from
 * its first attempt on; those of all steps that were done count as told.
 */
export const fromVersion1: Migration<TriggerContext> = ({ value, context }) => {
  const { waiting, alert, settings, ...same } = version1.parse(context)
  const state = alertStateOf(value)
  const done = settings?.escalation.slice(0, alert?.step ?? 0) ?? []
  const told = done.flatMap(({ actions }, step) => actions.map((_, action): [number, number] => [step, action]))
  return {
    value: { alert: state, notifying: 'idle' },
    context: contextSchema.parse({
      ...same,
      settings,
      alert: alert && { ...alert, isSeen: JSON.stringify(state).includes('acknowledged'), told },
      outbox: waiting.map((one, at) => ({
        ...one,
        id: `${one.alert.alert}-${one.about}-v1-${at}`,
        place: [0, at],
        attempts: 0,
        lane: null,
      })),
    }),
    unknown: ['outbox'],
  }
}

const alertStateOf = (value: StateValue): StateValue => (typeof value === 'object' ? (value['alert'] ?? 'off') : 'off')
