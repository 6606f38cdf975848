import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createOfficeHours, type OfficeSettings } from '../../../../actors/kinds/desk/office-hours.ts'
import { cases } from '../../../support/property-cases.ts'

const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440
const at = (text: string): number => Date.parse(text)

const clock = (minutes: number): string => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
const minutesOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))

/** What a wall clock of the zone shows, by another way than the code under test. */
function wall(ms: number, format: Intl.DateTimeFormat): { date: string; minutes: number } {
  const [date = '', time = ''] = format.format(ms).split(', ')
  return { date, minutes: minutesOf(time) }
}

/** Whether the office is open in a minute, straight from the meaning of the settings. */
function isOpen({ date, minutes }: { date: string; minutes: number }, { hours = [], holidays = [] }: OfficeSettings): boolean {
  const begins = (day: Date, days: readonly number[]): boolean =>
    days.includes(day.getUTCDay() === 0 ? 7 : day.getUTCDay()) && !holidays.includes(day.toISOString().slice(0, 10))
  const today = new Date(`${date}T00:00:00Z`)
  const yesterday = new Date(today.getTime() - DAY_MINUTES * MINUTE_MS)
  return hours.some(({ days, from, to }) => {
    const [start, end] = [minutesOf(from), minutesOf(to)]
    if (end > start) return begins(today, days) && minutes >= start && minutes < end
    return (begins(today, days) && minutes >= start) || (begins(yesterday, days) && minutes < end)
  })
}

const zones = ['UTC', 'Europe/Berlin', 'Asia/Shanghai', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia']
/** Around the nights in which clocks change. */
const nights = ['2026-03-07', '2026-03-28', '2026-04-04', '2026-06-30', '2026-10-03', '2026-10-24', '2026-10-31', '2026-12-30']
const part = fc
  .record({
    days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 }),
    start: fc.nat(DAY_MINUTES - 1),
    length: fc.integer({ min: 1, max: DAY_MINUTES - 1 }),
  })
  .map(({ days, start, length }) => ({ days, from: clock(start), to: clock((start + length) % DAY_MINUTES) }))
const settings = fc.record({
  timezone: fc.constantFrom(...zones),
  hours: fc.array(part, { minLength: 1, maxLength: 3 }),
  holidays: fc.uniqueArray(fc.constantFrom('2026-03-08', '2026-03-29', '2026-10-25', '2026-10-26', '2026-11-01'), { maxLength: 3 }),
})
const starts = fc
  .tuple(fc.constantFrom(...nights), fc.nat(2 * DAY_MINUTES))
  .map(([night, minutes]) => at(`${night}T00:00:00Z`) + minutes * MINUTE_MS)

test('office time passes in exactly the minutes in which a wall clock shows office hours', () => {
  fc.assert(
    fc.property(settings, starts, fc.integer({ min: 1, max: 600 }), (office, from, spanMinutes) => {
      const hours = createOfficeHours(office)
      const format = new Intl.DateTimeFormat('en-CA', {
        timeZone: office.timezone,
        year: 'numeric',
        month: '2-digit',
        day: '2-digit',
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
      })
      const end = hours.after(from, spanMinutes * MINUTE_MS)
      let [passed, now, opensAt] = [0, from, Infinity]
      // An office may be open for a minute a week only.
      for (; passed < spanMinutes && now < from + 30 * DAY_MINUTES * MINUTE_MS; now += MINUTE_MS) {
        if (!isOpen(wall(now, format), office)) continue
        passed += 1
        opensAt = Math.min(opensAt, now)
      }
      if (passed === spanMinutes) expect(new Date(end).toISOString()).toBe(new Date(now).toISOString())
      else expect(end).toBeGreaterThanOrEqual(now)
      if (opensAt < Infinity) expect(hours.opensAt(from)).toBe(opensAt)
    }),
    { numRuns: cases(300) },
  )
})

describe('office hours', () => {
  const nine: OfficeSettings = {
    timezone: 'Europe/Berlin',
    hours: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '24:00' }],
    holidays: [],
  }

  test.each([
    ['a day of 23 hours', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z', 23],
    ['a day of 25 hours', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z', 25],
  ])('of %s last so long', (_, from, to, hours) => {
    expect(createOfficeHours(nine).after(at(from), hours * 60 * MINUTE_MS)).toBe(at(to))
    expect(createOfficeHours({ ...nine, holidays: [new Date(at(to) - 1).toISOString().slice(0, 10)] }).opensAt(at(from))).toBe(at(to))
  })

  test('that no clock shows do not pass', () => {
    const night: OfficeSettings = { ...nine, hours: [{ days: [7], from: '02:15', to: '02:45' }] }
    expect(createOfficeHours(night).opensAt(at('2026-03-28T12:00:00Z'))).toBe(at('2026-04-05T00:15:00Z'))
  })

  test('that clocks show twice pass twice', () => {
    const night: OfficeSettings = { ...nine, hours: [{ days: [7], from: '02:15', to: '02:45' }] }
    expect(createOfficeHours(night).after(at('2026-10-24T12:00:00Z'), 60 * MINUTE_MS)).toBe(at('2026-10-25T01:45:00Z'))
  })

  test('count once where they overlap', () => {
    const office: OfficeSettings = {
      timezone: 'UTC',
      hours: [
        { days: [1], from: '09:00', to: '12:00' },
        { days: [1], from: '10:00', to: '13:00' },
      ],
      holidays: [],
    }
    expect(createOfficeHours(office).after(at('2026-06-01T00:00:00Z'), 240 * MINUTE_MS)).toBe(at('2026-06-01T13:00:00Z'))
  })

  test('end with the horizon for a promise that is longer than they are', () => {
    const office: OfficeSettings = { timezone: 'UTC', hours: [{ days: [1], from: '09:00', to: '09:01' }], holidays: [] }
    expect(createOfficeHours(office).after(at('2026-06-01T00:00:00Z'), 7 * DAY_MINUTES * MINUTE_MS)).toBe(at('2027-07-06T00:00:00Z'))
  })
})
