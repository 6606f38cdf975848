import { describe, expect, test } from 'vitest'
import { scopeOf, timeArgument } from '../../../../infra/cli/period-flags.ts'
import { dayOf, isTimeZone, momentOf, startOfDay, timeZoneNames, zonedText } from '../../../../infra/reporting/calendar/time-zone.ts'
import { previousPeriod } from '../../../../infra/reporting/questions/periods.ts'

const NEW_YORK = 'America/New_York'
const day = (text: string): number => Date.parse(text) / 86_400_000
const iso = (at: Date): string => at.toISOString().replace('.000', '')
const period = (from: string, to: string) => ({ from: new Date(from), to: new Date(to) })

describe('the start of a day', () => {
  test.each([
    [NEW_YORK, '2026-03-08', '2026-03-08T05:00:00Z'],
    [NEW_YORK, '2026-03-09', '2026-03-09T04:00:00Z'],
    [NEW_YORK, '2026-11-01', '2026-11-01T04:00:00Z'],
    [NEW_YORK, '2026-11-02', '2026-11-02T05:00:00Z'],
    ['Asia/Shanghai', '2026-11-01', '2026-10-31T16:00:00Z'],
    ['Asia/Kathmandu', '2026-11-01', '2026-10-31T18:15:00Z'],
    // Clocks go from midnight to 1:00.
    ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00:00Z'],
    // Clocks go from 1:00 back to midnight, which comes twice.
    ['America/Havana', '2026-11-01', '2026-11-01T04:00:00Z'],
    // Clocks go from midnight back to 23:00.
    ['Asia/Beirut', '2026-10-25', '2026-10-24T22:00:00Z'],
    // There was no such day.
    ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00Z'],
  ])('%s %s is %s', (zone, text, at) => {
    expect(iso(startOfDay(day(text), zone))).toBe(at)
  })

  test('is in every zone the first moment of the day, and no moment of the year is in no day', () => {
    for (const zone of timeZoneNames()) {
      for (let at = day('2026-01-01'); at < day('2027-01-01'); at += 9) {
        const start = startOfDay(at, zone)
        expect([zone, at, dayOf(start, zone)]).toEqual([zone, at, at])
        expect([zone, at, dayOf(new Date(start.getTime() - 1), zone)]).toEqual([zone, at, at - 1])
      }
    }
  })
})

test('a time that comes twice is the first of the two, and one that is skipped is an hour later', () => {
  const wall = (text: string): number => Date.parse(`${text}Z`)
  expect(iso(momentOf(wall('2026-11-01T01:30:00'), NEW_YORK))).toBe('2026-11-01T05:30:00Z')
  expect(iso(momentOf(wall('2026-03-08T02:30:00'), NEW_YORK))).toBe('2026-03-08T07:30:00Z')
})

test('a moment is written with the offset of its zone', () => {
  const at = new Date('2026-11-01T06:30:00Z')
  expect(['UTC', NEW_YORK, 'Asia/Kathmandu', 'Europe/London'].map((zone) => zonedText(at, zone))).toEqual([
    '2026-11-01T06:30:00Z',
    '2026-11-01T01:30:00-05:00',
    '2026-11-01T12:15:00+05:45',
    '2026-11-01T06:30:00Z',
  ])
})

test('an offset is not the name of a zone', () => {
  expect(['UTC', 'asia/shanghai', 'US/Eastern', 'Asia/Kathmandu', '+08:00', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ])
})

describe('the period before', () => {
  const before = (from: string, to: string, zone: string): string[] => {
    const { from: start, to: end } = previousPeriod(period(from, to), zone)
    return [iso(start), iso(end)]
  }

  test('has as many days of the zone, also where one has 23 or 25 hours', () => {
    expect(before('2026-03-09T04:00:00Z', '2026-03-16T04:00:00Z', NEW_YORK)).toEqual(['2026-03-02T05:00:00Z', '2026-03-09T04:00:00Z'])
    expect(before('2026-11-02T05:00:00Z', '2026-11-03T05:00:00Z', NEW_YORK)).toEqual(['2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'])
    // From a time of the day to the same time.
    expect(before('2026-03-08T19:00:00Z', '2026-03-09T19:00:00Z', NEW_YORK)).toEqual(['2026-03-07T20:00:00Z', '2026-03-08T19:00:00Z'])
    // The start of the day before is at midnight, which the first day skipped.
    expect(before('2026-04-23T22:00:00Z', '2026-04-24T21:00:00Z', 'Africa/Cairo')).toEqual(['2026-04-22T22:00:00Z', '2026-04-23T22:00:00Z'])
  })

  test('is as long where the period is not of whole days', () => {
    expect(before('2026-03-08T05:00:00Z', '2026-03-09T05:00:00Z', NEW_YORK)).toEqual(['2026-03-07T05:00:00Z', '2026-03-08T05:00:00Z'])
    expect(before('2026-03-08T05:00:00Z', '2026-03-08T11:30:00Z', 'UTC')).toEqual(['2026-03-07T22:30:00Z', '2026-03-08T05:00:00Z'])
  })
})

describe('--from and --to', () => {
  test('a day or a time without a zone is one of --tz', () => {
    const at = (text: string): string => iso(timeArgument(text)('Asia/Kathmandu'))
    expect(at('2026-11-01')).toBe('2026-10-31T18:15:00Z')
    expect(at('2026-11-01 08:00')).toBe('2026-11-01T02:15:00Z')
    expect(at('2026-11-01T08:00Z')).toBe('2026-11-01T08:00:00Z')
    expect(at('2026-11-01T08:00:00-05:00')).toBe('2026-11-01T13:00:00Z')
    expect(() => timeArgument('2026-02-30')).toThrow('such as 2026-11-01')
  })

  test('the default is thirty days of the zone until now', () => {
    const { from, to } = scopeOf({ tz: NEW_YORK }, new Date('2026-03-20T16:00:00Z'))
    expect([iso(from), iso(to)]).toEqual(['2026-02-18T17:00:00Z', '2026-03-20T16:00:00Z'])
  })
})
