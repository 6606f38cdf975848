import { expect, test } from 'vitest'
import { createActorWaiters } from '../../../pipeline/producer/actor-waiters.ts'
import type { Decision } from '../../../pipeline/producer/find-decision.ts'

const committed = (logSeq: number): Decision => ({ outcome: 'committed', logSeq })

/** Waiters of one actor, and what each of them was told, by its name. */
function setUp() {
  const waiters = createActorWaiters({ name: 'acme', actors: 1 })
  const told: Record<string, Decision> = {}
  return {
    waiters,
    told,
    add(name: string, position: number, run: number | undefined): void {
      const settle = (decision: Decision): void => {
        told[name] = decision
      }
      waiters.add({ input: { position, payload: new Uint8Array() }, run, settle })
    },
  }
}

test('all who wait for one input are told at once', () => {
  const { waiters, told, add } = setUp()
  add('a', 5, 1)
  add('b', 5, 1)
  add('later', 6, 1)
  waiters.tell(5, committed(50), 1)
  expect(told).toEqual({ a: committed(50), b: committed(50) })
  expect([waiters.waiting.size, waiters.isUrgent]).toEqual([1, false])
})

test('a decision that comes before the acknowledgement of its input is kept', () => {
  const { waiters, told, add } = setUp()
  waiters.tell(5, committed(50), 1)
  add('a', 5, 1)
  expect(told).toEqual({ a: committed(50) })
})

test('a later record means a repeat to those whose input the reader would have shown, and a question to others', () => {
  const { waiters, told, add } = setUp()
  add('seen', 5, 1)
  add('earlier', 4, undefined)
  expect(waiters.isUrgent).toBe(true)
  waiters.isUrgent = false
  waiters.tell(6, committed(60), 1)
  expect(told).toEqual({ seen: { outcome: 'repeat', logSeq: 60 } })
  expect([waiters.waiting.size, waiters.isUrgent]).toEqual([1, true])
})

test('after an interruption of the reader a later record means a question', () => {
  const { waiters, told, add } = setUp()
  add('a', 5, 1)
  waiters.tell(6, committed(60), 2)
  expect([told, waiters.isUrgent]).toEqual([{}, true])
})

test('an input whose decision may have been dropped is asked for', () => {
  const { waiters, told, add } = setUp()
  for (let position = 1; position <= 100; position++) waiters.tell(position, committed(position), 1)
  add('dropped', 3, 1)
  expect([told, waiters.isUrgent]).toEqual([{}, true])
  add('kept', 90, 1)
  expect(told).toEqual({ kept: committed(90) })
})
