import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createConsumeLoop } from '../../../pipeline/jetstream/consume-loop.ts'
import { createInFlightLimiter } from '../../../pipeline/runtime/in-flight-limiter.ts'

/** A backlog as after a pause: every message is here already, and the next one never takes a turn of the event loop. */
function backlog(length: number): AsyncIterable<number> & { stop(): void } {
  let stopped = false
  return {
    stop: () => {
      stopped = true
    },
    async *[Symbol.asyncIterator]() {
      for (let message = 0; message < length && !stopped; message++) yield message
    },
  }
}

const busyFor = (ms: number): void => {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}

test('a loop that works on a backlog yields to the event loop', async () => {
  const inFlight = createInFlightLimiter({ countMax: 1_000, bytesMax: 1_000 })
  const loop = createConsumeLoop(backlog(200), inFlight)
  let taken = 0
  const observedCounts: number[] = []
  loop.run(() => {
    taken += 1
    busyFor(1)
  })
  while (taken < 200) {
    await turn()
    observedCounts.push(taken)
  }
  await loop.ended
  expect(observedCounts.filter((count) => count > 0 && count < 200).length).toBeGreaterThanOrEqual(2)
})

test('a message beyond the in-flight limit waits until another one is released', async () => {
  const inFlight = createInFlightLimiter({ countMax: 3, bytesMax: 1_000 })
  const loop = createConsumeLoop(backlog(10), inFlight)
  const taken: number[] = []
  loop.run((message) => {
    taken.push(message)
    inFlight.acquire(1)
  })
  await turn()
  expect(taken).toEqual([0, 1, 2])
  inFlight.release(1)
  await turn()
  expect(taken).toEqual([0, 1, 2, 3])
  const stopped = loop.stop()
  for (let released = 0; released < 3; released++) inFlight.release(1)
  await stopped
  expect(taken).toHaveLength(4)
})
