import { describe, expect, test } from 'vitest'
import { type Calendar, calendarProblem, dueAfter, isSkipped, nextDue } from '../../../actors/definition/calendar.ts'

/** The due times of a calendar from a time on, each taken as soon as it is due. */
function dueTimes(calendar: Calendar, from: string, count: number): string[] {
  const times: string[] = []
  for (let at = dueAfter(calendar, from); at !== undefined && times.length < count; at = nextDue(calendar, at, at)) times.push(at)
  return times
}

const minutes = (text: string): string => text.slice(0, 16)

describe('due times', () => {
  test('are those of the time zone', () => {
    const shanghai = { every: '0 8 * * 1-5', timeZone: 'Asia/Shanghai' }
    expect(dueTimes(shanghai, '2026-11-27T00:00:00.000Z', 3)).toEqual([
      '2026-11-30T00:00:00.000Z',
      '2026-12-01T00:00:00.000Z',
      '2026-12-02T00:00:00.000Z',
    ])
    expect(dueTimes({ every: '@daily' }, '2026-11-27T00:00:00.001Z', 1)).toEqual(['2026-11-28T00:00:00.000Z'])
  })

  test('that clocks leave out come at the first moment after them', () => {
    const night = { every: '30 2 * * *', timeZone: 'Europe/Berlin' }
    const times = ['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30']
    expect(dueTimes(night, '2026-03-28T00:00:00.000Z', 3).map(minutes)).toEqual(times)
  })

  test('that occur twice come the first time only', () => {
    const night = { every: '30 2 * * *', timeZone: 'Europe/Berlin' }
    const times = ['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30']
    expect(dueTimes(night, '2026-10-24T00:00:00.000Z', 3).map(minutes)).toEqual(times)
  })

  test('of a calendar of several times a day come in both hours, and leave out what does not occur', () => {
    const often = { every: '*/30 2 * * *', timeZone: 'Europe/Berlin' }
    const twice = ['2026-10-25T00:00', '2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30', '2026-10-26T01:00']
    expect(dueTimes(often, '2026-10-24T12:00:00.000Z', 5).map(minutes)).toEqual(twice)
    const never = ['2026-03-28T01:00', '2026-03-28T01:30', '2026-03-30T00:00']
    expect(dueTimes(often, '2026-03-28T00:00:00.000Z', 3).map(minutes)).toEqual(never)
  })

  test('end with the year 2099', () => {
    expect(dueAfter({ every: '* * * * *' }, '2099-12-31T23:59:00.000Z')).toBeUndefined()
  })
})

describe('after an outage from 00:00 to 05:00:30, each hour', () => {
  const [due, at] = ['2026-01-01T00:00:00.000Z', '2026-01-01T05:00:30.000Z']
  const next = (more: Partial<Calendar>): string => minutes(nextDue({ every: '0 * * * *', ...more }, due, at) ?? '')

  test('`once` goes on with the future', () => {
    expect(next({})).toBe('2026-01-01T06:00')
  })

  test('`skip` goes on with what is no minute late', () => {
    expect(next({ missed: 'skip' })).toBe('2026-01-01T05:00')
    expect(isSkipped({ every: '0 * * * *', missed: 'skip' }, due, at)).toBe(true)
    expect(isSkipped({ every: '0 * * * *', missed: 'skip' }, '2026-01-01T05:00:00.000Z', at)).toBe(false)
    expect(isSkipped({ every: '0 * * * *' }, due, at)).toBe(false)
  })

  test('`all` goes on with the oldest, up to the bound', () => {
    expect(next({ missed: 'all' })).toBe('2026-01-01T01:00')
    expect(next({ missed: 'all', missedMax: 2 })).toBe('2026-01-01T04:00')
  })

  test('`all` leaves out what is older than the bound', () => {
    const bounded = { every: '0 * * * *', missed: 'all', missedMax: 2 } as const
    expect(isSkipped(bounded, due, at)).toBe(true)
    expect(isSkipped(bounded, '2026-01-01T04:00:00.000Z', at)).toBe(false)
    expect(isSkipped({ ...bounded, missedMax: 6 }, due, at)).toBe(false)
  })

  test('a clock that is behind makes nothing due twice', () => {
    const calendar = { every: '0 * * * *' }
    for (const missed of ['skip', 'once', 'all'] as const) {
      expect(nextDue({ ...calendar, missed }, '2026-01-01T01:00:00.000Z', '2026-01-01T00:59:59.900Z')).toBe('2026-01-01T02:00:00.000Z')
    }
  })
})

test.each([
  [{ every: '* * * * * *' }, 'every: "* * * * * *" is due again after 1000 ms; at least 60000 ms'],
  [{ every: 'monday' }, 'every: "monday" is no cron'],
  [{ every: '61 * * * *' }, 'Invalid value for minute: 61'],
  [{ every: '0 0 30 2 *' }, 'every: "0 0 30 2 *" is never due'],
  [{ every: '0 8 * * *', timeZone: 'Mars/Olympus' }, 'timeZone: there is no "Mars/Olympus"'],
  [{ every: '59,0 0 8 * * *' }, 'is due again after 59000 ms'],
  [{ every: '30 0 8 * * *' }, undefined],
  [{ every: '0 8 29 2 *', timeZone: 'Asia/Shanghai' }, undefined],
])('%j is refused where it cannot be', (calendar, problem) => {
  const found = calendarProblem(calendar)
  if (problem === undefined) expect(found).toBeUndefined()
  else expect(found).toContain(problem)
})
