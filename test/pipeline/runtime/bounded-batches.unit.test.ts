import { expect, test } from 'vitest'
import { boundedBatches, sendInHalves } from '../../../pipeline/runtime/bounded-batches.ts'

test('batches are within both bounds, keep the order, and have an item that is too large alone', () => {
  const split = (sizes: readonly number[]): number[][] => [...boundedBatches(sizes, { itemsMax: 3, bytesMax: 10 }, (size) => size)]
  expect(split([1, 1, 1, 1, 9, 1, 25, 2])).toEqual([[1, 1, 1], [1, 9], [1], [25], [2]])
  expect(split([])).toEqual([])
  expect(split([99])).toEqual([[99]])
})

test('a batch that is refused for an item is halved until that item is alone; every other item is sent', async () => {
  const sent: number[] = []
  const refused: number[] = []
  let calls = 0
  await sendInHalves(
    Array.from({ length: 64 }, (_, index) => index),
    {
      async send(items) {
        calls += 1
        if (items.includes(17) || items.includes(40)) throw new Error('refused')
        sent.push(...items)
      },
      isRefusal: () => true,
      onRefused: async (item) => void refused.push(item),
    },
  )
  expect(refused).toEqual([17, 40])
  expect(sent.length).toBe(62)
  expect(calls).toBeLessThan(30)
})

test('an outage is thrown, not halved', async () => {
  let calls = 0
  const send = async (): Promise<void> => {
    calls += 1
    throw new Error('away')
  }
  await expect(sendInHalves([1, 2, 3], { send, isRefusal: () => false, onRefused: async () => undefined })).rejects.toThrow('away')
  expect(calls).toBe(1)
})
