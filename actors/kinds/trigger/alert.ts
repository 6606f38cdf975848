import { z } from 'zod'
import { spanMs, type TriggerSettings } from '../../../schemas/trigger-events.ts'
import type { Notification } from './channels.ts'
import { afterQuiet } from './quiet-hours.ts'

/** A step of the escalation chain, and an action of the step, from 0: who is told. */
export const placeSchema = z.tuple([z.int().nonnegative(), z.int().nonnegative()])
export type Place = z.infer<typeof placeSchema>

/** An open alert. */
export const alertSchema = z.object({
  id: z.string(),
  /** When it was raised; milliseconds since 1970. */
  at: z.number(),
  since: z.string(),
  value: z.number().nullable(),
  /** Steps of the escalation chain that were done. */
  step: z.int().nonnegative(),
  /** Whether somebody looks after it. */
  isSeen: z.boolean(),
  /** Who was told that it was raised. */
  told: z.array(placeSchema),
})
export type Alert = z.infer<typeof alertSchema>

/** An alert that begins. */
export const newAlert = (id: string, at: string, met: { readonly at: string; readonly value: number | null } | null): Alert => ({
  id,
  at: Date.parse(at),
  since: met?.at ?? at,
  value: met?.value ?? null,
  step: 0,
  isSeen: false,
  told: [],
})

/** What events of the alert have in common. */
export const factsOf = (settings: TriggerSettings, alert: Alert) => ({
  alert: alert.id,
  series: settings.series,
  priority: settings.priority,
})

/** Milliseconds since the alert was raised. */
export const msOf = ({ at }: Alert, now: number): number => Math.max(0, now - at)

export const raisedOf = (settings: TriggerSettings, alert: Alert) => ({
  ...factsOf(settings, alert),
  title: titleOf(settings),
  when: settings.when,
  value: alert.value,
  since: alert.since,
})

const titleOf = ({ title, when }: TriggerSettings): string => title ?? when

/** When the next step of the escalation chain is due; `undefined` after the last one. Quiet hours delay all but critical alerts. */
export function stepDueAt(settings: TriggerSettings, alert: Alert, now: number): number | undefined {
  const step = settings.escalation[alert.step]
  if (step === undefined) return undefined
  const due = Math.max(now, alert.at + (spanMs(step.after) ?? 0))
  return settings.priority === 'critical' ? due : afterQuiet(due, settings.quiet)
}

/** The end of an alert. */
export const clearedOf = (
  settings: TriggerSettings,
  alert: Alert,
  { reason, value, now }: { readonly reason: 'condition' | 'changed' | 'removed'; readonly value: number | null; readonly now: number },
) => ({ ...factsOf(settings, alert), reason, value, ms: msOf(alert, now) })

/** Whether nobody is told at this time. */
export const isQuiet = ({ priority, quiet }: TriggerSettings, now: number): boolean =>
  priority !== 'critical' && afterQuiet(now, quiet) > now

/** The places of the next step. */
export const placesOf = ({ escalation }: TriggerSettings, { step }: Alert): Place[] =>
  (escalation[step]?.actions ?? []).map((_, action): Place => [step, action])

/** The inputs to other actors of the next step. */
export const ordersOf = ({ escalation }: TriggerSettings, { id: alert, step, value }: Alert) =>
  (escalation[step]?.actions ?? []).flatMap((action) =>
    action.to === 'actor' ? [{ kind: action.kind, id: action.id, type: action.type, data: { alert, value, ...action.data } }] : [],
  )

/** The notifications of places in the chain; actions that are inputs to actors are none. */
export function notificationsOf(
  settings: TriggerSettings,
  { id: alertId, at }: Alert,
  places: readonly Place[],
  about: Notification['about'],
  alert: Notification['alert'],
): (Notification & { readonly place: Place })[] {
  const text = textOf(settings, about, alert)
  return places.flatMap((place) => {
    const [step, index] = place
    const action = settings.escalation[step]?.actions[index]
    if (action === undefined || action.to === 'actor') return []
    const id = [alertId, at.toString(36), step, index, about].join('-')
    const to = action.to === 'mail' ? action.address : action.url
    return [{ id, channel: action.to, to, about, text, alert, place, ...(action.to === 'chat' && { format: action.format }) }]
  })
}

const PRIORITY = {
  en: { low: 'low', normal: 'normal', high: 'high', critical: 'critical' },
  zh: { low: '低', normal: '普通', high: '高', critical: '紧急' },
} as const

function textOf(settings: TriggerSettings, about: Notification['about'], { alert, value }: Notification['alert']): string {
  const [title, { lang, series }] = [titleOf(settings), settings]
  const priority = PRIORITY[lang][settings.priority]
  if (lang === 'zh') {
    const what = about === 'raised' ? `告警（${priority}）` : '告警已恢复'
    return `${what}：${title}。序列 ${series}${value === null ? '' : `，最新值 ${value}`}，编号 ${alert}`
  }
  const what = about === 'raised' ? `Alert (${priority})` : 'Alert cleared'
  return `${what}: ${title}. Series ${series}${value === null ? '' : `, latest value ${value}`}, alert ${alert}`
}
