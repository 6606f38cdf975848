import { expect, test } from 'vitest'
import { createResumeQueue } from '../../../pipeline/streams/resume-queue.ts'

interface Work {
  readonly run: () => Promise<void>
  isRunning: boolean
  end: () => void
}

function work(): Work {
  const { promise, resolve } = Promise.withResolvers<void>()
  const one: Work = {
    isRunning: false,
    end: resolve,
    run() {
      one.isRunning = true
      return promise
    },
  }
  return one
}

test('reads have a bound, tenants share it, and a read that fails gives its place back', async () => {
  const errors: unknown[] = []
  const queue = createResumeQueue((error) => errors.push(error), 4)
  const own = Array.from({ length: 4 }, work)
  expect(own.map(({ run }) => queue.tryRun('a', run))).toEqual([true, true, true, false])
  const [late, other, last] = [work(), work(), work()]
  queue.run('a', late.run)
  queue.run('b', other.run)
  queue.run('b', last.run)
  expect([late, other, last].map(({ isRunning }) => isRunning)).toEqual([false, true, false])
  for (const one of own.slice(0, 2)) one.end()
  await expect.poll(() => [late, last].some(({ isRunning }) => isRunning)).toBe(true)
  for (const one of [...own, late, other, last]) one.end()
  await expect.poll(() => [late, last].every(({ isRunning }) => isRunning)).toBe(true)

  queue.run('a', () => Promise.reject(new Error('LOG is away')))
  await expect.poll(() => errors).toHaveLength(1)
  await expect.poll(() => Array.from({ length: 3 }, () => queue.tryRun('a', () => Promise.resolve()))).toEqual([true, true, true])
})
