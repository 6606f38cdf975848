import { expect, test } from 'vitest'
import { createLevelWait } from '../../../pipeline/runtime/level-wait.ts'

const never = new AbortController().signal

test('many who wait share one reading at a time, and nothing is read while nobody waits', async () => {
  let [level, reads, atOnce, most] = [0, 0, 0, 0]
  const wait = createLevelWait(async () => {
    reads += 1
    most = Math.max(most, ++atOnce)
    await Promise.resolve()
    atOnce -= 1
    return level
  })
  const reached: number[] = []
  const waiting = Array.from({ length: 100 }, async (_, value) => {
    await wait.reached(value, never)
    reached.push(value)
  })
  await expect.poll(() => reached).toEqual([0])
  level = 50
  await expect.poll(() => reached.length).toBe(51)
  level = 99
  await Promise.all(waiting)
  expect(most).toBe(1)
  expect(reads).toBeLessThan(100)
  const before = reads
  await wait.reached(1, never)
  expect(reads).toBe(before + 1)
})

test('a level that cannot be read ends all waits with its error, and the next one reads again', async () => {
  let isAway = true
  const wait = createLevelWait(async () => {
    if (isAway) throw new Error('away')
    return 7
  })
  const waits = [1, 2].map((value) => wait.reached(value, never))
  await expect(Promise.allSettled(waits)).resolves.toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  isAway = false
  await wait.reached(7, never)
})

test('a wait ends with the reason of its signal', async () => {
  const wait = createLevelWait(async () => 0)
  const controller = new AbortController()
  const waiting = wait.reached(1, controller.signal)
  controller.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
})
