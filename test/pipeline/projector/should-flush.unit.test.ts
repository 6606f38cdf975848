import { expect, test } from 'vitest'
import { shouldFlush, type FlushState } from '../../../pipeline/projector/should-flush.ts'

/** A batch that has waited, on a machine with nothing else to do. */
const due: FlushState = { records: 10, recordsMax: 100, waits: 1, pending: 0, isBlocked: false, restedMs: 1_000, lastWriteMs: 20 }

test('a batch that has waited is written, and one that has not is not', () => {
  expect(shouldFlush(due)).toBe(true)
  expect(shouldFlush({ ...due, waits: 0 })).toBe(false)
})

test('a full batch is written at once, however busy the machine', () => {
  expect(shouldFlush({ ...due, records: 100, waits: 0, pending: 5_000, restedMs: 0 })).toBe(true)
})

test('one that has waited goes on filling while what would fill it is there', () => {
  expect(shouldFlush({ ...due, pending: 89 })).toBe(true)
  expect(shouldFlush({ ...due, pending: 90 })).toBe(false)
})

test('one that has waited rests for as long as the last write took', () => {
  expect(shouldFlush({ ...due, restedMs: 299, lastWriteMs: 300 })).toBe(false)
  expect(shouldFlush({ ...due, restedMs: 300, lastWriteMs: 300 })).toBe(true)
})

test('nothing holds one up for ever: what cannot be read, or never comes, is not waited for', () => {
  expect(shouldFlush({ ...due, pending: 5_000, isBlocked: true })).toBe(true)
  expect(shouldFlush({ ...due, pending: 5_000, waits: 5 })).toBe(true)
  expect(shouldFlush({ ...due, restedMs: 0, lastWriteMs: 60_000, waits: 5 })).toBe(true)
})
