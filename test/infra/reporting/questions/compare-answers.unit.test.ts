import { expect, test } from 'vitest'
import type { Scope } from '../../../../infra/reporting/questions/ask-question.ts'
import { compareAnswers } from '../../../../infra/reporting/questions/compare-answers.ts'

const scope = (from: string, to: string, tz = 'UTC'): Scope => ({ tenant: 'acme', tz, from: new Date(from), to: new Date(to) })
const november = scope('2026-11-08T00:00:00Z', '2026-11-15T00:00:00Z')
const before = scope('2026-11-01T00:00:00Z', '2026-11-08T00:00:00Z')
const reason = (name: string | null, cases: number, share: number | null) => ({
  total: name === null,
  reason: name,
  cases,
  share,
  p50_ms: cases === 0 ? null : 1_000 * cases,
  resolved: 0,
  open: 0,
})

test('rows are paired by their names; a part that only one period has counts 0 in the other', () => {
  const now = [reason(null, 4, 1), reason('backlog', 3, 0.75), reason('customer_asked', 1, 0.25)]
  const then = [reason(null, 3, 1), reason('customer_asked', 1, 1 / 3), reason('task_failed', 2, 2 / 3)]
  const compared = compareAnswers('escalations', { scope: november, rows: now }, { scope: before, rows: then })
  expect(compared.map(({ row }) => [row['reason'], row['cases']])).toEqual([
    [null, 4],
    ['backlog', 3],
    ['customer_asked', 1],
    ['task_failed', 0],
  ])
  expect(compared.map(({ previous }) => previous?.['cases'])).toEqual([3, 0, 1, 2])
  expect(compared.map(({ change }) => change['cases'])).toEqual([1, 3, 0, -2])
  expect(compared.map(({ change }) => change['share'])).toEqual([0, null, -0.0833333333333, null])
  expect(compared[1]?.previous).toEqual({ cases: 0, share: null, p50_ms: null, resolved: 0, open: 0 })
  expect(Object.keys(compared[0]?.change ?? {})).toEqual(['cases', 'share', 'p50_ms', 'resolved', 'open'])
})

const day = (name: string | null, closed: number) => ({
  total: name === null,
  day: name,
  cases: closed,
  closed,
  escalated: 0,
  contained: closed,
  contained_abandoned: 0,
  containment_rate: 1,
})

test('days are paired by their place in the period, in order, and keep their names', () => {
  const compared = compareAnswers(
    'containment',
    { scope: november, rows: [day(null, 5), day('2026-11-08', 2), day('2026-11-11', 3)] },
    { scope: before, rows: [day(null, 7), day('2026-11-01', 6), day('2026-11-02', 1)] },
  )
  expect(compared.map(({ row, previous, change }) => [row['day'], row['closed'], previous?.['day'], change['closed']])).toEqual([
    [null, 5, undefined, -2],
    ['2026-11-08', 2, '2026-11-01', -4],
    ['2026-11-09', 0, '2026-11-02', -1],
    ['2026-11-11', 3, '2026-11-04', 3],
  ])
})

test('hours are paired by the clock: the hour that comes twice has no pair', () => {
  const tz = 'America/New_York'
  const hour = (at: string, opened: number) => ({ hour: at, opened, closed: 0, escalated: 0, open: 0, waiting_for_person: 0 })
  const compared = compareAnswers(
    'backlog',
    {
      scope: scope('2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z', tz),
      rows: [hour('2026-11-01T05:00:00Z', 1), hour('2026-11-01T06:00:00Z', 2), hour('2026-11-01T07:00:00Z', 3)],
    },
    {
      scope: scope('2026-10-31T04:00:00Z', '2026-11-01T04:00:00Z', tz),
      rows: [hour('2026-10-31T05:00:00Z', 10), hour('2026-10-31T06:00:00Z', 20)],
    },
  )
  expect(compared.map(({ previous, change }) => [previous?.['hour'], change['opened']])).toEqual([
    ['2026-10-31T05:00:00Z', -9],
    [undefined, null],
    ['2026-10-31T06:00:00Z', -17],
  ])
})

test('what an answer that is cut off lacks is unknown', () => {
  const gap = (question: string | null, asked: number) => ({
    total: question === null,
    question,
    example: question,
    intent: null,
    asked,
    unanswered: 0,
    last_at: null,
  })
  const compared = compareAnswers(
    'knowledge-gaps',
    { scope: november, rows: [gap(null, 3), gap('a', 2)] },
    { scope: before, rows: [gap(null, 1), gap('b', 1)] },
  )
  expect(compared.map(({ row, previous, change }) => [row['question'], previous?.['asked'], change['asked']])).toEqual([
    [null, 1, 2],
    ['a', undefined, null],
  ])
})
