import { expect, test } from 'vitest'
import {
  combineProgress,
  lagInStream,
  partitionsOwned,
  pollUntilCaughtUp,
  positionOfPartition,
  progressInStream,
  type ProgressReading,
} from '../../../pipeline/runtime/stage-progress.ts'

test('the members of a workload are as far as the last of them, and a standby holds none of them back', () => {
  const members = [
    { position: 7, lag: 1, partitions: [0, 2] },
    { position: 5, lag: 3, partitions: [1] },
    { position: 0, lag: 0, partitions: [] },
  ]

  expect(combineProgress(members)).toEqual({ position: 5, lag: 3 })
  expect(partitionsOwned(members)).toBe(3)
  expect(positionOfPartition(members, 2)).toBe(7)
  expect(positionOfPartition(members, 3)).toBeUndefined()
  expect(combineProgress([])).toEqual({ position: 0, lag: 0 })
})

test('the lag of a stage counts all messages that its stream still has, also those that it has not received', () => {
  const extent = { messages: 4, first_seq: 7, last_seq: 10 }

  expect(lagInStream('LOG', extent, 8)).toBe(2)
  // Trimmed messages are done.
  expect(lagInStream('INBOX', extent, 2)).toBe(4)
  expect(lagInStream('INBOX', { messages: 0, first_seq: 11, last_seq: 10 }, 2)).toBe(0)
  // A task stays in TASKS until it is done.
  expect(lagInStream('TASKS', extent, 10)).toBe(4)
  expect(progressInStream('project', { position: 9, lag: 0, ok: true }, () => extent)).toEqual({ position: 9, lag: 1, ok: true })
  expect(progressInStream('serve', { position: 0, lag: 0 }, () => extent)).toEqual({ position: 0, lag: 0 })
})

/** Readings one after another; the last one stays. */
const readings = (...all: ProgressReading[]) => {
  let count = 0
  return { read: async () => all[Math.min(count++, all.length - 1)] ?? { isCaughtUp: false }, count: () => count }
}

test('a stage is caught up after two readings in a row that say so, with no message in between', async () => {
  const { read, count } = readings(
    { isCaughtUp: true, marks: '1' },
    { isCaughtUp: true, marks: '2' },
    { isCaughtUp: false, marks: '2' },
    { isCaughtUp: true, marks: '2' },
  )
  expect(await pollUntilCaughtUp(read, { everyMs: 0 })).toEqual({ isCaughtUp: true, marks: '2' })
  expect(count()).toBe(5)
})

test('without marks one reading is enough', async () => {
  const { read, count } = readings({ isCaughtUp: false }, { isCaughtUp: true })
  expect(await pollUntilCaughtUp(read, { everyMs: 0 })).toEqual({ isCaughtUp: true })
  expect(count()).toBe(2)
})

test('the reading at a timeout is not caught up, even if one before it was', async () => {
  let mark = 0
  const reading = await pollUntilCaughtUp(async () => ({ isCaughtUp: true, marks: String((mark += 1)) }), { everyMs: 1, timeoutMs: 5 })
  expect(reading.isCaughtUp).toBe(false)
})
