import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Interrupts, watchInterrupts } from '../../../infra/app/interrupts.ts'

const onSecond = vi.fn()
let interrupts: Interrupts
/** Emits the signal as the operating system would. */
const press = (): boolean => process.emit('SIGHUP', 'SIGHUP')

beforeEach(() => {
  vi.useFakeTimers()
  onSecond.mockClear()
  interrupts = watchInterrupts(onSecond)
})
afterEach(() => {
  interrupts.stop()
  vi.useRealTimers()
})

test('the first signal asks the process to stop', async () => {
  expect(interrupts.received).toBe(false)

  press()

  expect(interrupts.received).toBe(true)
  expect(await interrupts.first).toBe('SIGHUP')
  expect(onSecond).not.toHaveBeenCalled()
})

test('a signal that npm forwards within 500 ms is the same press', () => {
  press()
  vi.advanceTimersByTime(400)
  press()

  expect(onSecond).not.toHaveBeenCalled()
})

test('a second press calls onSecond', () => {
  press()
  vi.advanceTimersByTime(600)
  press()

  expect(onSecond).toHaveBeenCalledExactlyOnceWith('SIGHUP')
})
