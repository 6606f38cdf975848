import { expect, test } from 'vitest'
import { createFairTurns } from '../../../pipeline/runtime/fair-turns.ts'

const never = new AbortController().signal

/** Work that lasts until the test ends it. */
function createWorks(placesMax: number, perClientMax: number) {
  const turns = createFairTurns({ placesMax, perClientMax })
  const began: string[] = []
  const ends = new Map<string, () => void>()
  return {
    began,
    begin: (client: string, name: string, signal = never) =>
      turns.run(
        client,
        () => {
          began.push(name)
          const { promise, resolve } = Promise.withResolvers<string>()
          ends.set(name, () => resolve(name))
          return promise
        },
        signal,
      ),
    async end(name: string) {
      ends.get(name)?.()
      await new Promise(setImmediate)
    },
  }
}

test('a client never takes the last place, and clients that wait take turns', async () => {
  const { began, begin, end } = createWorks(2, 1)
  const all = [...['a1', 'a2', 'a3', 'a4'].map((name) => begin('a', name)), begin('b', 'b1'), begin('c', 'c1'), begin('b', 'b2')]
  await end('none')
  expect(began).toEqual(['a1', 'b1'])
  await end('b1')
  expect(began).toEqual(['a1', 'b1', 'c1'])
  await end('a1')
  await end('c1')
  expect(began).toEqual(['a1', 'b1', 'c1', 'a2', 'b2'])
  for (const name of ['a2', 'b2', 'a3', 'a4']) await end(name)
  expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2'])
})

test('what is given up while it waits never begins, and its failure reaches its caller only', async () => {
  const { began, begin, end } = createWorks(1, 1)
  const giveUp = new AbortController()
  const first = begin('a', 'a1')
  const waiting = begin('a', 'a2', giveUp.signal)
  const last = begin('b', 'b1')
  giveUp.abort(new Error('given up'))
  await expect(waiting).rejects.toThrow('given up')
  await expect(begin('a', 'a3', giveUp.signal)).rejects.toThrow('given up')
  await end('a1')
  await end('b1')
  expect(await Promise.all([first, last])).toEqual(['a1', 'b1'])
  expect(began).toEqual(['a1', 'b1'])
})
