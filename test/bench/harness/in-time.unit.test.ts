import { expect, it } from 'vitest'
import { watchCounter } from '../../../bench/harness/counter-watch.ts'
import { waitFor, waitUntil } from '../../../bench/harness/in-time.ts'

const never = new Promise<never>(() => undefined)

it('a wait that is over in time passes on what came', async () => {
  expect(await waitFor(Promise.resolve(3), 1_000, () => '')).toBe(3)
  await expect(waitFor(Promise.reject(new Error('of the work')), 1_000, () => '')).rejects.toThrow('of the work')
  await waitUntil(
    () => true,
    0,
    () => '',
  )
})

it('a wait that is not over in time says what it waits for, and how far that is by then', async () => {
  let count = 0
  const counting = setInterval(() => (count += 1), 1)
  const late = /^after 30 ms: [1-9]\d* of 999 came$/
  const what = (): string => `${count} of 999 came`
  await expect(waitFor(never, 30, what)).rejects.toThrow(late)
  await expect(waitUntil(() => false, 30, what)).rejects.toThrow(late)
  clearInterval(counting)
})

it('a counter that is not read any more ends its wait too', async () => {
  let reads = 0
  const watch = await watchCounter('LOG', () => (reads++ === 0 ? Promise.resolve(7) : never), 1)
  await expect(watch.reached(9, 30)).rejects.toThrow('after 30 ms: LOG is 7; expected 9')
  expect(await watch.reached(7, 30)).toMatchObject({ value: 7 })
})
