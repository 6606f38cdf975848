import { describe, expect, test } from 'vitest'
import { scheduleKind } from '../../../../actors/kinds/schedule/kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given } from '../../../../actors/testkit/scenario.ts'

const daily = { every: '0 8 * * *', kind: 'digest', id: 'all', type: 'digest.due', data: { for: '全部' } }
const at = (time: string) => given(scheduleKind, { tenant: 'acme', id: 'morning', at: time })
const idsOf = ({ records }: ReturnType<typeof at>) => records.flatMap(({ sent = [] }) => sent.map(({ id }) => id))

test('an input is sent at each due time, and its id is that time', () => {
  const days = at('2026-01-01T07:00:00Z').when('schedule.set', daily).after('2 days')
  days.thenSent('digest', 'all', 'digest.due', { for: '全部' })
  expect(idsOf(days)).toEqual(['2026-01-01T08:00:00.000Z', '2026-01-02T08:00:00.000Z'])
  expect(days.records.at(-1)?.label).toMatchObject({ due: '2026-01-03T08:00:00.000Z', sent: 2, skipped: 0, target: 'digest/all' })
})

test('setting the same again changes nothing; another calendar holds from then on', () => {
  const once = at('2026-01-01T07:00:00Z').when('schedule.set', daily).when('schedule.set', daily)
  expect(once.records.at(-1)).toMatchObject({ timers: [], stopped: [] })
  const moved = once.when('schedule.set', { ...daily, every: '30 7 * * *' }).after('1 hour')
  expect(idsOf(moved)).toEqual(['2026-01-01T07:30:00.000Z'])
})

test('a removed schedule sends nothing, and can be set again', () => {
  const removed = at('2026-01-01T07:00:00Z').when('schedule.set', daily).when('schedule.removed', {}).after('3 days')
  removed.thenState('off')
  expect(idsOf(removed)).toEqual([])
  expect(idsOf(removed.when('schedule.set', daily).after('1 day'))).toEqual(['2026-01-04T08:00:00.000Z'])
})

describe('is refused', () => {
  test.each([
    [{ ...daily, every: '* * * * * *' }, 'is due again after 1000 ms; at least 60000 ms'],
    [{ ...daily, every: 'every morning' }, 'every: "every morning" is no cron'],
    [{ ...daily, timeZone: 'Mars' }, 'timeZone: there is no "Mars"'],
    [{ ...daily, type: 'task.done' }, 'type: types xstate.*'],
    [{ ...daily, data: { text: '长'.repeat(8_000) } }, 'data: 24011 bytes; at most 16384'],
    [{ ...daily, kind: 'no kind' }, 'kind: must be 1 to 128 letters'],
    [{ ...daily, missed: 'never' }, 'missed'],
  ])('%#', (data, problem) => {
    const refused = at('2026-01-01T07:00:00Z').whenRaw({ type: 'schedule.set', data })
    refused.thenRejected('bad_data')
    expect(refused.records.at(-1)?.error).toContain(problem)
  })
})

test('it has no fault that a walk finds', () => {
  explore(scheduleKind, { events: { 'schedule.set': [daily, { ...daily, every: '*/5 * * * *', missed: 'skip' }] }, runs: 100 })
})
