import { expect, test } from 'vitest'
import { createEventLoopTurns } from '../../../pipeline/runtime/event-loop-turns.ts'

test('the event loop turns between computations that came together', async () => {
  const inTurns = createEventLoopTurns(0)
  const order: string[] = []
  const compute = async (name: string): Promise<void> => {
    await inTurns()
    order.push(name)
    setImmediate(() => void order.push(`after ${name}`))
  }
  await Promise.all(['a', 'b', 'c'].map(compute))
  expect(order).toEqual(['a', 'after a', 'b', 'after b', 'c'])
})
