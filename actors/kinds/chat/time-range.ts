/** A part of time that a question names. ISO; `until` is not part of it. */
export interface TimeRange {
  readonly since: string
  readonly until: string
}

const DAY_MS = 86_400_000
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const NUMBERS = 'zero one two three four five six seven eight nine ten'.split(' ')
const HAN_NUMBERS = '零一二三四五六七八九十'
const MONTH =
  String.raw`(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?`
  + String.raw`|dec(?:ember)?)`
const COUNT = String.raw`(\d{1,3}|a|an|${NUMBERS.slice(1).join('|')})`
const HAN_COUNT = `(\\d{1,3}|[两${HAN_NUMBERS}]{1,3})`

const [DAY_FIRST, MONTH_FIRST] = [
  new RegExp(String.raw`\b(\d{1,2})(?:st|nd|rd|th)?(?: of)? ${MONTH}\b`, 'i'),
  new RegExp(String.raw`\b${MONTH} (\d{1,2})(?:st|nd|rd|th)?\b`, 'i'),
]
const WHOLE_MONTH = new RegExp(String.raw`\b(?:in|during|last|since|of) ${MONTH}\b`, 'i')
const HAN_DATE = new RegExp(`${HAN_COUNT}月(?:${HAN_COUNT}[日号])?`)
const AGO = new RegExp(String.raw`\b${COUNT} (day|week|month)s? ago\b`, 'i')
const HAN_AGO = new RegExp(`${HAN_COUNT}(天|个?星期|周|个月)(?:以?前)`)
const LAST_WEEKDAY = /\b(?:last|on|this) (sun|mon|tues|wednes|thurs|fri|satur)day\b/i
const HAN_WEEKDAY = /(上)?(?:周|星期|礼拜)([一二三四五六日天])/

/**
 * The part of time that a question names, in English or Chinese: a day, a week or a month. Days are those of UTC; a date without a year is
 * the last one before `at`. `undefined` where it names none.
 *
 * @param at when it was asked, ISO
 */
export function timeRangeIn(question: string, at: string): TimeRange | undefined {
  const today = Math.floor(Date.parse(at) / DAY_MS) * DAY_MS
  const days = (from: number, count = 1): TimeRange => ({
    since: new Date(from).toISOString(),
    until: new Date(from + count * DAY_MS).toISOString(),
  })
  const date = (month: number, day: number): TimeRange | undefined => {
    const year = new Date(today).getUTCFullYear()
    const [this_, before] = [Date.UTC(year, month, day), Date.UTC(year - 1, month, day)]
    return new Date(this_).getUTCMonth() === month && day > 0 ? days(this_ <= today ? this_ : before) : undefined
  }
  const wholeMonth = (month: number): TimeRange | undefined => {
    const first = date(month, 1)
    if (first === undefined) return undefined
    const start = new Date(first.since)
    return { since: first.since, until: new Date(Date.UTC(start.getUTCFullYear(), month + 1, 1)).toISOString() }
  }
  const ago = (count: number, unit: string): TimeRange | undefined => {
    if (count < 1) return undefined
    if (/^(?:day|天)/i.test(unit)) return days(today - count * DAY_MS)
    const [center, around] = /week|周|星期/i.test(unit) ? [count * 7, 3] : [count * 30, 15]
    return days(today - (center + around) * DAY_MS, 2 * around + 1)
  }
  const weekday = (index: number): TimeRange => {
    const since = (new Date(today).getUTCDay() - index + 7) % 7
    return days(today - (since === 0 ? 7 : since) * DAY_MS)
  }

  const [, day, ofMonth] = DAY_FIRST.exec(question) ?? []
  if (day !== undefined && ofMonth !== undefined) return date(monthOf(ofMonth), Number(day))
  const [, month, dayAfter] = MONTH_FIRST.exec(question) ?? []
  if (month !== undefined && dayAfter !== undefined) return date(monthOf(month), Number(dayAfter))
  const [, whole] = WHOLE_MONTH.exec(question) ?? []
  if (whole !== undefined) return wholeMonth(monthOf(whole))
  const [, hanMonth, hanDay] = HAN_DATE.exec(question) ?? []
  if (hanMonth !== undefined) return hanDay === undefined ? wholeMonth(countOf(hanMonth) - 1) : date(countOf(hanMonth) - 1, countOf(hanDay))
  const [, count, unit] = AGO.exec(question) ?? HAN_AGO.exec(question) ?? []
  if (count !== undefined && unit !== undefined) return ago(countOf(count), unit)
  const [, name] = LAST_WEEKDAY.exec(question) ?? []
  if (name !== undefined) return weekday(WEEKDAYS.indexOf(name.slice(0, 3).toLowerCase()))
  const [, , hanName] = HAN_WEEKDAY.exec(question) ?? []
  if (hanName !== undefined) return weekday(hanName === '天' || hanName === '日' ? 0 : HAN_NUMBERS.indexOf(hanName))
  if (/\bday before yesterday\b|前天/i.test(question)) return days(today - 2 * DAY_MS)
  if (/\byesterday\b|昨天|昨晚/i.test(question)) return days(today - DAY_MS)
  if (/\btoday\b|今天/i.test(question)) return days(today)
  if (/\blast week\b|上周|上个?星期/i.test(question)) return days(today - 7 * DAY_MS - ((new Date(today).getUTCDay() + 6) % 7) * DAY_MS, 7)
  if (/\blast month\b|上个?月/i.test(question)) return wholeMonth((new Date(today).getUTCMonth() + 11) % 12)
  return undefined
}

const monthOf = (name: string): number => MONTHS.indexOf(name.slice(0, 3).toLowerCase())

/** A number in digits or in words up to ninety-nine; 0 where it is none. */
function countOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  const word = text.toLowerCase()
  if (word === 'a' || word === 'an') return 1
  if (NUMBERS.includes(word)) return NUMBERS.indexOf(word)
  const [, tens = '', ten = '', ones = ''] = /^([一二两三四五六七八九]?)(十?)([一二两三四五六七八九]?)$/.exec(text) ?? []
  const digit = (one: string): number => (one === '两' ? 2 : Math.max(0, HAN_NUMBERS.indexOf(one)))
  return ten === '' ? digit(tens) : (tens === '' ? 1 : digit(tens)) * 10 + (ones === '' ? 0 : digit(ones))
}
