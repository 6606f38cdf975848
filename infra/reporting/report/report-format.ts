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
  'day',
  'hour',
  'time',
  'name',
  'who',
  'text',
] as const
export type Kind = (typeof KINDS)[number]

/** Formats values for a language; an unknown value is a dash. */
export type Format = Readonly<Record<Exclude<Kind, 'name' | 'who' | 'text'>, (value: Value) => string>>
export type Value = string | number | boolean | null

const UNKNOWN = '–'
const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' }
/** Locales whose short units of time are readable: 3.4 sec, 3.4秒. */
const UNIT_LOCALES: Readonly<Record<Language, string>> = { en: 'en-US', zh: 'zh-CN' }

const SECOND_MS = 1_000
/** Units for durations, each with the shortest duration that it is used for and its length. */
const UNITS = [
  { unit: 'day', fromMs: 48 * 3_600_000, ms: 86_400_000 },
  { unit: 'hour', fromMs: 90 * 60_000, ms: 3_600_000 },
  { unit: 'minute', fromMs: 90 * SECOND_MS, ms: 60_000 },
  { unit: 'second', fromMs: SECOND_MS, ms: SECOND_MS },
  { unit: 'millisecond', fromMs: 0, ms: 1 },
] as const

export function createFormat(language: Language): Format {
  const locale = LOCALES[language]
  const number = (options: Intl.NumberFormatOptions, of = locale) => {
    const format = new Intl.NumberFormat(of, options)
    return (value: Value): string => (typeof value === 'number' && Number.isFinite(value) ? format.format(value) : UNKNOWN)
  }
  const time = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' })
    return (value: Value): string => (typeof value === 'string' ? format.format(new Date(value)) : UNKNOWN)
  }
  const durations = UNITS.map(({ unit, fromMs, ms }) => ({
    fromMs,
    ms,
    format: number({ style: 'unit', unit, unitDisplay: 'short', maximumSignificantDigits: 3 }, UNIT_LOCALES[language]),
  }))
  return {
    count: number({ maximumFractionDigits: 0 }),
    share: number({ style: 'percent', maximumFractionDigits: 1 }),
    hours: number({ maximumFractionDigits: 1 }),
    money: number({ maximumSignificantDigits: 4 }),
    score: number({ minimumFractionDigits: 2, maximumFractionDigits: 2 }),
    decimal: number({ minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    duration(value) {
      if (typeof value !== 'number') return UNKNOWN
      const fitting = durations.find(({ fromMs }) => value >= fromMs) ?? durations.at(-1)
      return fitting?.format(value / fitting.ms) ?? UNKNOWN
    },
    day: time({ day: 'numeric', month: 'short' }),
    hour: time({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }),
    time: time({ dateStyle: 'medium', timeStyle: 'short' }),
  }
}
