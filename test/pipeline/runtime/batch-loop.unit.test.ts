import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type BatchState, createBatchLoop } from '../../../pipeline/runtime/batch-loop.ts'
import { createInFlightLimiter } from '../../../pipeline/runtime/in-flight-limiter.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const WAIT_MS = 100

/** A loop that writes when three records are there or one has waited once; the test ends each write. */
function startLoop({ countMax = 10 } = {}) {
  const inFlight = createInFlightLimiter({ countMax, bytesMax: 1_000 })
  const ending = new AbortController()
  const writes: { readonly batch: readonly string[]; end(): void; fail(error: Error): void }[] = []
  const failures: unknown[] = []
  const states: BatchState[] = []
  const batches = createBatchLoop<string, string[]>({
    inFlight,
    signal: ending.signal,
    fail: (error) => failures.push(error),
    waitMs: WAIT_MS,
    create: () => [],
    fill: (batch, item) => {
      batch.push(item)
    },
    shouldFlush(state) {
      states.push(state)
      return state.records >= 3 || state.waits > 0
    },
    write(batch) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      writes.push({ batch, end: resolve, fail: reject })
      return promise
    },
  })
  const add = (...items: string[]): void => {
    for (const item of items) batches.add(item, 1)
  }
  return { batches, add, inFlight, ending, writes, failures, states, written: () => writes.map(({ batch }) => batch) }
}
const settled = () => vi.advanceTimersByTimeAsync(0)

test('a full batch is written at once, and a partial one when it has waited', async () => {
  const { add, written, writes } = startLoop()
  add('a', 'b', 'c', 'd')
  expect(written()).toEqual([['a', 'b', 'c']])
  writes[0]?.end()
  await settled()
  expect(written()).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(WAIT_MS)
  expect(written()).toEqual([['a', 'b', 'c'], ['d']])
})

test('one batch is written at a time, while the next one fills', async () => {
  const { add, written, writes, batches } = startLoop()
  add('a', 'b', 'c')
  add('d', 'e', 'f', 'g')
  await vi.advanceTimersByTimeAsync(2 * WAIT_MS)
  expect(written()).toHaveLength(1)
  writes[0]?.end()
  await settled()
  expect(written()[1]).toEqual(['d', 'e', 'f', 'g'])
  expect(batches.isWriting).toBe(true)
})

test('records stay in flight until their batch is written', async () => {
  const { add, inFlight, writes } = startLoop({ countMax: 3 })
  add('a', 'b', 'c')
  await settled()
  expect(inFlight.isFull).toBe(true)
  writes[0]?.end()
  await settled()
  expect(inFlight.isFull).toBe(false)
})

test('the policy learns how long the last write took and how long ago it ended', async () => {
  const { add, states, writes } = startLoop()
  add('a', 'b', 'c')
  await vi.advanceTimersByTimeAsync(30)
  writes[0]?.end()
  await settled()
  await vi.advanceTimersByTimeAsync(20)
  add('d')
  expect(states.at(-1)).toMatchObject({ records: 1, waits: 0, lastWriteMs: 30, restedMs: 20 })
})

test('draining writes a partial batch without waiting', async () => {
  const { add, written, batches, writes, inFlight } = startLoop()
  add('a')
  batches.drain()
  expect(written()).toEqual([['a']])
  add('b', 'c')
  writes[0]?.end()
  await settled()
  expect(written()[1]).toEqual(['b', 'c'])
  writes[1]?.end()
  await batches.whenWritten()
  await inFlight.whenIdle()
})

test('a write that fails ends the reading, and no batch is written after it', async () => {
  const { add, written, failures, batches, writes } = startLoop()
  add('a', 'b', 'c', 'd', 'e', 'f')
  const error = new Error('refused')
  writes[0]?.fail(error)
  await batches.whenWritten()
  await vi.advanceTimersByTimeAsync(5 * WAIT_MS)
  expect(failures).toEqual([error])
  expect(written()).toHaveLength(1)
})

test('once the reading has ended no other batch is started, and none is waited for', async () => {
  const { add, written, failures, batches, writes, ending } = startLoop()
  add('a', 'b', 'c', 'd', 'e', 'f')
  ending.abort()
  writes[0]?.end()
  await batches.whenWritten()
  await vi.advanceTimersByTimeAsync(5 * WAIT_MS)
  expect(written()).toHaveLength(1)
  expect(failures).toEqual([ending.signal.reason])
  expect(vi.getTimerCount()).toBe(0)
})

test('a write waits for other work that runs in its place', async () => {
  const { add, written, batches } = startLoop()
  const { promise, resolve } = Promise.withResolvers<void>()
  batches.runInstead(promise)
  add('a', 'b', 'c')
  expect(written()).toEqual([])
  resolve()
  await settled()
  expect(written()).toEqual([['a', 'b', 'c']])
})
