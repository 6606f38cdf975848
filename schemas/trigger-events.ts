import { z } from 'zod'
import { EVENT_TYPE, TOKEN } from './subjects.ts'

/** The kind that holds the windows of one series of numbers: one actor a series. */
export const SERIES_KIND = 'series'
/** The kind that watches a series and raises alerts: one actor a trigger. */
export const TRIGGER_KIND = 'trigger'

/** Bounds of series and triggers. The three in bytes keep the context of a series within 16 KiB. */
export const TRIGGER_LIMITS = {
  /** Readings of one input. */
  readingsMax: 100,
  /** Absolute value of a reading: sums of such readings stay finite. */
  valueMax: 1e100,
  /** Triggers that watch one series. */
  watchesMax: 64,
  /** Bytes of all watches of a series as JSON: names and conditions. */
  watchesBytesMax: 6_144,
  /** Bytes that the buckets of all windows of a series may take at worst. */
  windowsBytesMax: 9_600,
  /** UTF-16 units of a condition. */
  conditionCharsMax: 256,
  /** The shortest and the longest window. */
  windowMsMin: 10_000,
  windowMsMax: 7 * 86_400_000,
  /** Steps of an escalation chain, and actions of a step. */
  stepsMax: 6,
  actionsMax: 4,
  /** UTF-16 units of a title, a note, a URL and a mail address. */
  textCharsMax: 200,
  urlCharsMax: 512,
  /** Bytes of the data for another actor as JSON. */
  dataBytesMax: 2_048,
  /** Bytes of what a trigger is as JSON. */
  settingsBytesMax: 32_768,
  /** Notifications of a trigger that wait or are under way, and their bytes as JSON; one more fails as `too_many`. */
  waitingMax: 24,
  waitingBytesMax: 24_576,
  /** Notifications of a trigger that are under way at a time. */
  lanesMax: 8,
  /** Attempts of a notification. */
  attemptsMax: 4,
} as const

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const SPAN = /^(\d{1,6})([smhd])$/

/** Milliseconds of a span such as `30s`, `5m`, `2h` or `7d`; `undefined` where the text is none. */
export function spanMs(text: string): number | undefined {
  const [, count, unit] = SPAN.exec(text) ?? []
  return unit === 's' || unit === 'm' || unit === 'h' || unit === 'd' ? Number(count) * UNITS[unit] : undefined
}

/** A span of time as a text, at most a week. */
export const spanSchema = z
  .string()
  .refine((text) => (spanMs(text) ?? Infinity) <= TRIGGER_LIMITS.windowMsMax, 'must be a span such as 30s, 5m, 2h or 7d, at most 7d')

const conditionText = z.string().min(1).max(TRIGGER_LIMITS.conditionCharsMax)
const timeSchema = z.iso.datetime({ offset: true })
const valueSchema = z.number().min(-TRIGGER_LIMITS.valueMax).max(TRIGGER_LIMITS.valueMax)
const token = z.string().regex(TOKEN)

/** Readings of one series, in any order. */
export const readingsTaken = z.object({
  readings: z
    .array(
      z.object({
        at: timeSchema
          .optional()
          .meta({ description: "When it was taken (default: the input's time); a later time than now counts as now" }),
        value: valueSchema,
      }),
    )
    .min(1)
    .max(TRIGGER_LIMITS.readingsMax),
})

/** A trigger asks a series to evaluate its conditions, and to tell it of each change. It replaces what the trigger asked before. */
export const seriesWatched = z.object({
  revision: z.int().positive().meta({ description: 'Comes back with each change' }),
  when: conditionText,
  clear: conditionText.optional().meta({ description: 'Ends what `when` began (default: `when` no longer holds)' }),
})

/** A trigger watches a series no longer. */
export const seriesUnwatched = z.object({})

/** What a series tells a trigger: `failed` and `refused` have a problem. */
export const conditionChanged = z.object({
  revision: z.int().positive(),
  state: z.enum(['met', 'unmet', 'failed', 'refused']),
  at: timeSchema,
  value: z.number().nullable().meta({ description: 'The latest reading' }),
  problem: z.string().max(600).optional(),
})
export type ConditionChanged = z.output<typeof conditionChanged>

const url = z.url({ protocol: /^https?$/ }).max(TRIGGER_LIMITS.urlCharsMax)

/** What a step of the escalation chain does. */
export const actionSchema = z.discriminatedUnion('to', [
  z.object({ to: z.literal('hook'), url }),
  z.object({ to: z.literal('chat'), url, format: z.enum(['slack', 'feishu', 'dingtalk']).default('slack') }),
  z.object({ to: z.literal('mail'), address: z.email().max(TRIGGER_LIMITS.textCharsMax) }),
  z.object({
    to: z.literal('actor'),
    kind: token,
    id: token,
    type: z.string().regex(EVENT_TYPE),
    data: z
      .record(z.string(), z.unknown())
      .refine((data) => Buffer.byteLength(JSON.stringify(data)) <= TRIGGER_LIMITS.dataBytesMax, 'must have at most 2,048 bytes as JSON')
      .default({}),
  }),
])
export type Action = z.output<typeof actionSchema>

/** Whether the runtime knows an IANA time zone. */
export function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

const wallTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 22:00')

/** Hours in which only critical alerts notify; the others wait for their end. */
export const quietSchema = z.object({
  from: wallTime,
  to: wallTime,
  zone: z.string().refine(isZone, 'must be an IANA time zone such as Europe/Berlin').default('UTC'),
})
export type Quiet = z.output<typeof quietSchema>

export const PRIORITIES = ['low', 'normal', 'high', 'critical'] as const

/** What a trigger is: it replaces what was set before. */
export const triggerSet = z.object({
  series: token.meta({ description: 'Id of the series' }),
  when: conditionText.meta({ description: 'CEL, such as mean("5m") > 80.0' }),
  clear: conditionText.optional().meta({ description: 'CEL: the alert ends when it holds (default: when `when` no longer holds)' }),
  hold: spanSchema.default('0s').meta({ description: 'How long `when` must hold before an alert is raised' }),
  priority: z.enum(PRIORITIES).default('normal'),
  title: z.string().min(1).max(TRIGGER_LIMITS.textCharsMax).optional().meta({ description: 'For people (default: the condition)' }),
  lang: z.enum(['en', 'zh']).default('en'),
  quiet: quietSchema.optional(),
  escalation: z
    .array(z.object({ after: spanSchema.default('0s'), actions: z.array(actionSchema).min(1).max(TRIGGER_LIMITS.actionsMax) }))
    .max(TRIGGER_LIMITS.stepsMax)
    .default([])
    .meta({ description: 'Each step so long after the alert was raised, until somebody has acknowledged it' }),
})
export type TriggerSettings = z.output<typeof triggerSet>

/** Makes each emitted event of a kind and type a reading of the trigger's series. */
export const triggerWatch = z.object({
  kind: token,
  type: z.string().regex(EVENT_TYPE),
  value: z
    .string()
    .regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, 'must be a path in the data of the event, such as usage.ms')
    .max(TRIGGER_LIMITS.textCharsMax)
    .optional()
    .meta({ description: 'Path of a number in the data of the event (default: each event counts 1)' }),
})
export type TriggerWatch = z.output<typeof triggerWatch>

/** The trigger watches nothing any more. An open alert is cleared. */
export const triggerRemoved = z.object({})

/** Somebody looks after the alert. */
export const alertSeen = z.object({
  by: z.string().min(1).max(TRIGGER_LIMITS.textCharsMax),
  note: z.string().max(TRIGGER_LIMITS.textCharsMax).optional(),
})

const alertFields = {
  alert: z.string().meta({ description: 'Id of the alert: <trigger>-<number>' }),
  series: z.string(),
  priority: z.enum(PRIORITIES),
}
const ms = z.int().nonnegative().meta({ description: 'Milliseconds since the alert was raised' })

export const alertRaised = z.object({
  ...alertFields,
  title: z.string(),
  when: z.string(),
  value: z.number().nullable().meta({ description: 'The latest reading when the condition was met' }),
  since: timeSchema.meta({ description: 'When the condition was met' }),
})
export const alertEscalated = z.object({ ...alertFields, step: z.int().positive(), ms })
export const alertAcknowledged = z.object({ ...alertFields, by: z.string(), note: z.string().optional(), ms })
export const alertCleared = z.object({
  ...alertFields,
  reason: z.enum(['condition', 'changed', 'removed']),
  value: z.number().nullable(),
  ms,
})

/** Where notifications go by a task. */
export const CHANNELS = ['hook', 'chat', 'mail'] as const
export type Channel = (typeof CHANNELS)[number]

export const notificationSent = z.object({
  alert: z.string(),
  channel: z.enum(CHANNELS),
  to: z.string(),
  about: z.enum(['raised', 'cleared']),
})
export const notificationFailed = notificationSent.extend({ code: z.string(), message: z.string() })
/** Nobody is told any more that the alert was raised: somebody has seen it, or it is over. */
export const notificationDropped = notificationSent

/** The series evaluates the trigger not at all, or cannot evaluate a condition. */
export const triggerFailed = z.object({ problem: z.string() })

/** Emitted where the readings of a trigger come from has changed; `null`: from inputs only. */
export const triggerWatching = z.object({
  series: z.string().nullable(),
  watch: triggerWatch.nullable(),
  replaced: triggerWatch.optional().meta({ description: 'What the trigger watched before, where it now watches something else' }),
})
