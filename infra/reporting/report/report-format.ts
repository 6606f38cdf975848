export const LANGUAGES = ['en', 'zh'] as const
export type Language = (typeof LANGUAGES)[number]

/** The format of a value. */
export const KINDS = [
  'count',
  'share',
  'duration',
  'hours',
  'money',
  'score',
  'decimal',
  'figure',
  'day',
  'hour',
  'time',
  'weekday',
  'clock',
  'name',
  'who',
  'text',
] as const
export type Kind = (typeof KINDS)[number]

/** Formats values for a language; an unknown value is a dash. */
export interface Format extends Readonly<Record<Exclude<Kind, 'name' | 'who' | 'text'>, (value: Value) => string>> {
  /** A difference of two values of a kind, with its sign. That of two shares is in percentage points. */
  change(kind: Kind, value: Value): string
}
export type Value = string | number | boolean | null

const UNKNOWN = '–'
const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' }
/** Locales whose short units of time are readable: 3.4 sec, 3.4秒. */
const UNIT_LOCALES: Readonly<Record<Language, string>> = { en: 'en-US', zh: 'zh-CN' }

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
/** Units for durations, each with the shortest duration that it is used for and its length. */
const UNITS = [
  { unit: 'day', fromMs: 48 * 3_600_000, ms: 86_400_000 },
  { unit: 'hour', fromMs: 90 * 60_000, ms: 3_600_000 },
  { unit: 'minute', fromMs: 90 * SECOND_MS, ms: 60_000 },
  { unit: 'second', fromMs: SECOND_MS, ms: SECOND_MS },
  { unit: 'millisecond', fromMs: 0, ms: 1 },
] as const

/** The name of a percentage point. */
const POINTS: Readonly<Record<Language, string>> = { en: 'pp', zh: '个百分点' }

/** @param tz time zone of times and hours */
export function createFormat(language: Language, tz: string): Format {
  const locale = LOCALES[language]
  const number = (options: Intl.NumberFormatOptions, of = locale) => {
    const format = new Intl.NumberFormat(of, options)
    return (value: Value): string => (typeof value === 'number' && Number.isFinite(value) ? format.format(value) : UNKNOWN)
  }
  const time = (options: Intl.DateTimeFormatOptions, timeZone = tz) => {
    const format = new Intl.DateTimeFormat(locale, { ...options, timeZone })
    return (value: Value): string => (typeof value === 'string' ? format.format(new Date(value)) : UNKNOWN)
  }
  const durations = UNITS.map(({ unit, fromMs, ms }) => ({
    fromMs,
    ms,
    format: number({ style: 'unit', unit, unitDisplay: 'short', maximumSignificantDigits: 3 }, UNIT_LOCALES[language]),
  }))
  const duration = (value: Value): string => {
    if (typeof value !== 'number') return UNKNOWN
    const fitting = durations.find(({ fromMs }) => value >= fromMs) ?? durations.at(-1)
    return fitting?.format(value / fitting.ms) ?? UNKNOWN
  }
  const weekday = time({ weekday: 'short' }, 'UTC')
  const formats: Omit<Format, 'change'> = {
    count: number({ maximumFractionDigits: 0 }),
    share: number({ style: 'percent', maximumFractionDigits: 1 }),
    // A number of hours, in the unit that suits it.
    hours: (value) => duration(typeof value === 'number' ? value * HOUR_MS : value),
    money: number({ maximumSignificantDigits: 4 }),
    // Figures of different kinds in one column.
    figure: number({ maximumSignificantDigits: 4 }),
    score: number({ minimumFractionDigits: 2, maximumFractionDigits: 2 }),
    decimal: number({ minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    duration,
    // A day has no time, so no zone.
    day: time({ day: 'numeric', month: 'short' }, 'UTC'),
    hour: time({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }),
    // January 1, 2024, was a Monday.
    weekday: (value) => (typeof value === 'number' ? weekday(new Date(Date.UTC(2024, 0, value)).toISOString()) : UNKNOWN),
    clock: (value) => (typeof value === 'number' ? `${String(value).padStart(2, '0')}:00` : UNKNOWN),
    time: time({ dateStyle: 'medium', timeStyle: 'short' }),
  }
  const points = number({ maximumFractionDigits: 1 })
  return {
    ...formats,
    change(kind, value) {
      if (typeof value !== 'number' || kind === 'name' || kind === 'who' || kind === 'text') return UNKNOWN
      const sign = value === 0 ? '±' : value > 0 ? '+' : '−'
      const size = Math.abs(value)
      return `${sign}${kind === 'share' ? `${points(size * 100)} ${POINTS[language]}` : formats[kind](size)}`
    },
  }
}
