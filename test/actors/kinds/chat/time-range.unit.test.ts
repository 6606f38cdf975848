import { expect, test } from 'vitest'
import { timeRangeIn } from '../../../../actors/kinds/chat/time-range.ts'

const AT = '2026-05-20T10:00:00.000Z'

test.each([
  ['What did I say on 14 March?', '2026-03-14', '2026-03-15'],
  ['What did I say on March 14th?', '2026-03-14', '2026-03-15'],
  ['What was it on 1 December?', '2025-12-01', '2025-12-02'],
  ['What did I tell you in February?', '2026-02-01', '2026-03-01'],
  ['What did I say yesterday?', '2026-05-19', '2026-05-20'],
  ['What did I mention three days ago?', '2026-05-17', '2026-05-18'],
  ['What happened two weeks ago?', '2026-05-03', '2026-05-10'],
  ['What did I say last Monday?', '2026-05-18', '2026-05-19'],
  ['What did I do last week?', '2026-05-11', '2026-05-18'],
  ['我3月14日说了什么？', '2026-03-14', '2026-03-15'],
  ['我三月十四号说了什么？', '2026-03-14', '2026-03-15'],
  ['我去年十二月说了什么？', '2025-12-01', '2026-01-01'],
  ['昨天我说了什么？', '2026-05-19', '2026-05-20'],
  ['三天前我说了什么？', '2026-05-17', '2026-05-18'],
  ['我周一说了什么？', '2026-05-18', '2026-05-19'],
  ['我上周说了什么？', '2026-05-11', '2026-05-18'],
])('%s', (question, since, until) => {
  expect(timeRangeIn(question, AT)).toEqual({ since: `${since}T00:00:00.000Z`, until: `${until}T00:00:00.000Z` })
})

test.each(['Where do I live?', 'On 45 March?', 'May I ask something?', '我住在哪里？', ''])('%s names no time', (question) => {
  expect(timeRangeIn(question, AT)).toBeUndefined()
})
