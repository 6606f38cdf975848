import { expect, test } from 'vitest'
import { expectedMs, serviceTimesOf } from '../../../pipeline/task-queues/expected-wait.ts'

test('service times are the mean and the median of what was measured, and unknown without a measure', () => {
  expect(serviceTimesOf([])).toBeUndefined()
  expect(serviceTimesOf([700])).toEqual({ meanMs: 700, medianMs: 700 })
  expect(serviceTimesOf([400, 100, 1_000, 500])).toEqual({ meanMs: 500, medianMs: 450 })
})

test.each([
  [0, 4, 450],
  [1, 4, 575],
  [4, 4, 950],
  [5, 4, 1_075],
  [1_000, 16, 31_700],
])('a run at place %i of %i places is expected to end in %i ms', (place, places, ms) => {
  expect(expectedMs(place, places, { meanMs: 500, medianMs: 450 })).toBe(ms)
})
