import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchInterrupts, type Interrupts } from '../../../infra/app/interrupts.ts'

const insisted = vi.fn()
let interrupts: Interrupts
/** As the operating system would, for whoever listens in this process. */
const press = (): boolean => process.emit('SIGHUP', 'SIGHUP')

beforeEach(() => {
  vi.useFakeTimers()
  insisted.mockClear()
  interrupts = watchInterrupts(insisted)
})
afterEach(() => {
  interrupts.stop()
  vi.useRealTimers()
})

test('the first signal asks for the end', async () => {
  expect(interrupts.given).toBe(false)

  press()

  expect(interrupts.given).toBe(true)
  expect(await interrupts.first).toBe('SIGHUP')
  expect(insisted).not.toHaveBeenCalled()
})

test('the same press that npm passes on is not a second one', () => {
  press()
  vi.advanceTimersByTime(400)
  press()

  expect(insisted).not.toHaveBeenCalled()
})

test('a second press insists', () => {
  press()
  vi.advanceTimersByTime(600)
  press()

  expect(insisted).toHaveBeenCalledExactlyOnceWith('SIGHUP')
})
