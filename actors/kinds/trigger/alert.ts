import { z } from 'zod'
import { type Action, spanMs, TRIGGER_LIMITS, type TriggerSettings } from '../../../schemas/trigger-events.ts'
import type { Notification } from './channels.ts'
import { afterQuiet } from './quiet-hours.ts'

/** An open alert. */
export const alertSchema = z.object({
  id: z.string(),
  /** When it was raised; milliseconds since 1970. */
  at: z.number(),
  since: z.string(),
  value: z.number().nullable(),
  /** Steps of the escalation chain that were done. */
  step: z.int().nonnegative(),
})
export type Alert = z.infer<typeof alertSchema>

/** What events of the alert have in common. */
export const factsOf = (settings: TriggerSettings, alert: Alert) => ({
  alert: alert.id,
  series: settings.series,
  priority: settings.priority,
})

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

/** The inputs to other actors. */
export const actorActionsOf = (actions: readonly Action[]) => actions.filter((action) => action.to === 'actor')

/** The end of an alert. Those who were told that it was raised are told, unless it is in quiet hours. */
export function clearedOf(
  settings: TriggerSettings,
  alert: Alert,
  { reason, value, at }: { readonly reason: 'condition' | 'changed' | 'removed'; readonly value: number | null; readonly at: string },
) {
  const now = Date.parse(at)
  const data = { ...factsOf(settings, alert), reason, value, ms: Math.max(0, now - alert.at) }
  const isQuiet = settings.priority !== 'critical' && afterQuiet(now, settings.quiet) > now
  const told = isQuiet ? [] : settings.escalation.slice(0, alert.step).flatMap(({ actions }) => actions)
  return { data, notifications: notificationsOf(settings, told, 'cleared', data) }
}

/** The notifications of actions; those to actors are none. */
export function notificationsOf(
  settings: TriggerSettings,
  actions: readonly Action[],
  about: Notification['about'],
  alert: Notification['alert'],
): Notification[] {
  const text = textOf(settings, about, alert)
  return actions.flatMap((action): Notification[] => {
    if (action.to === 'actor') return []
    if (action.to === 'mail') return [{ channel: 'mail', to: action.address, about, text, alert }]
    return [{ channel: action.to, to: action.url, about, text, alert, ...(action.to === 'chat' && { format: action.format }) }]
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

/** What waits, with more that came; what finds no room any more has failed. */
export function queued(waiting: readonly Notification[], more: readonly Notification[]) {
  const { waitingMax } = TRIGGER_LIMITS
  const free = Math.max(0, waitingMax - waiting.length)
  const message = `${waitingMax} notifications of the trigger wait already`
  const refused = more
    .slice(free)
    .map(({ alert, channel, to, about }) => ({ alert: alert.alert, channel, to, about, code: 'too_many', message }))
  return { queue: [...waiting, ...more.slice(0, free)], refused }
}
