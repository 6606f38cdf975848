import { expect, test } from 'vitest'
import { createLivePublisher } from '../../../pipeline/task-runner/live-publisher.ts'

test('a publisher that the server does not confirm takes a bounded number of bytes, and more once it has', async () => {
  const flushes: PromiseWithResolvers<void>[] = []
  let published = 0
  const state = { isClosed: false }
  const publisher = createLivePublisher({
    publish: () => void (published += 1),
    flush() {
      flushes.push(Promise.withResolvers<void>())
      return flushes.at(-1)?.promise ?? Promise.resolve()
    },
    isClosed: () => state.isClosed,
    isDraining: () => false,
  })
  const payload = 'x'.repeat(10_000)
  const fill = (): void => {
    while (publisher.publish('live.a.b.c', payload));
  }
  fill()
  expect(published).toBe(Math.floor(1024 ** 2 / (payload.length + 10)))
  expect(flushes).toHaveLength(1)

  flushes[0]?.resolve()
  await flushes[0]?.promise
  const before = published
  fill()
  expect(published).toBeGreaterThan(before)
  expect(flushes).toHaveLength(2)

  // The connection broke, and its buffers are empty.
  flushes[1]?.reject(new Error('disconnected'))
  await flushes[1]?.promise.catch(() => undefined)
  expect(publisher.publish('live.a.b.c', payload)).toBe(true)
  state.isClosed = true
  expect(publisher.publish('live.a.b.c', payload)).toBe(false)
})
