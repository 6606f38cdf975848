import { expect, test } from 'vitest'
import { type FlushState, shouldFlush } from '../../../pipeline/projector/should-flush.ts'

/** A batch that has waited once, on an idle machine. */
const due: FlushState = {
  records: 10,
  bytes: 1_000,
  recordsMax: 100,
  waits: 1,
  pending: 0,
  isBlocked: false,
  restedMs: 1_000,
  lastWriteMs: 20,
}

test('a batch is written after it has waited once, not before', () => {
  expect(shouldFlush(due)).toBe(true)
  expect(shouldFlush({ ...due, waits: 0 })).toBe(false)
})

test('a full batch is written at once, however busy the machine is', () => {
  expect(shouldFlush({ ...due, records: 100, waits: 0, pending: 5_000, restedMs: 0 })).toBe(true)
  expect(shouldFlush({ ...due, bytes: 16 * 1024 * 1024, waits: 0, pending: 5_000, restedMs: 0 })).toBe(true)
})

test('a batch that has waited keeps filling while enough records are pending to fill it', () => {
  expect(shouldFlush({ ...due, pending: 89 })).toBe(true)
  expect(shouldFlush({ ...due, pending: 90 })).toBe(false)
})

test('a batch that has waited is written only after a pause as long as the last write', () => {
  expect(shouldFlush({ ...due, restedMs: 299, lastWriteMs: 300 })).toBe(false)
  expect(shouldFlush({ ...due, restedMs: 300, lastWriteMs: 300 })).toBe(true)
})

test('a batch is written at the latest when reading is blocked or after five waits', () => {
  expect(shouldFlush({ ...due, pending: 5_000, isBlocked: true })).toBe(true)
  expect(shouldFlush({ ...due, pending: 5_000, waits: 5 })).toBe(true)
  expect(shouldFlush({ ...due, restedMs: 0, lastWriteMs: 60_000, waits: 5 })).toBe(true)
})
