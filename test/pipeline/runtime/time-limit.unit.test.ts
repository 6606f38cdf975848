import { expect, test } from 'vitest'
import { withinMs } from '../../../pipeline/runtime/time-limit.ts'

const late = () => new Error('too late')

test('an answer or an error that comes in time is passed on', async () => {
  expect(await withinMs(1_000, async () => 7, late)).toBe(7)
  await expect(withinMs(1_000, () => Promise.reject(new Error('own')), late)).rejects.toThrow('own')
})

test('without an answer in time the error says so, and the signal aborts', async () => {
  let aborted: AbortSignal | undefined
  const never = withinMs(
    10,
    (signal) => {
      aborted = signal
      return new Promise(() => undefined)
    },
    late,
  )
  await expect(never).rejects.toThrow('too late')
  expect(aborted?.aborted).toBe(true)
})
