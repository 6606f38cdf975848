import { afterEach, expect, test, vi } from 'vitest'
import { createCallSlot, createSlotMemory, readSlot } from '../../../pipeline/watchdog/call-slot.ts'
import { startWatchdog, type Watchdog, type WatchdogOptions } from '../../../pipeline/watchdog/watchdog.ts'

const SUBJECT = 'log.3.acme.support.客户-1'
const GIB = 1024 ** 3

let watchdog: Watchdog | undefined
afterEach(() => {
  watchdog?.stop()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function watch(more: Partial<WatchdogOptions> = {}) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  const memory = createSlotMemory()
  const slot = createCallSlot(memory)
  const [onSlow, onOverrun, onSilent, onAnswer] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()]
  watchdog = startWatchdog({ memory, callMsMax: 5_000, growthBytesMax: GIB, onSlow, onOverrun, onSilent, onAnswer, ...more })
  return { slot, watchdog, onSlow, onOverrun, onSilent, onAnswer }
}

test('another thread reads which call runs, and that none does', () => {
  const memory = createSlotMemory()
  const slot = createCallSlot(memory)
  slot.enter(2 ** 40, 1_700_000_000_123, SUBJECT)
  expect(readSlot(memory).call).toEqual({ seq: 2 ** 40, storedMs: 1_700_000_000_123, subject: SUBJECT })
  slot.leave()
  expect(readSlot(memory).call).toBeUndefined()
})

test('a call that does not return is reported once when it is slow and once when it is over', () => {
  const { slot, watchdog, onSlow, onOverrun } = watch()
  slot.enter(1, 0, SUBJECT)
  vi.advanceTimersByTime(900)
  expect(onSlow).not.toHaveBeenCalled()
  vi.advanceTimersByTime(3_000)
  expect(onSlow).toHaveBeenCalledTimes(1)
  expect(watchdog.slow()?.seq).toBe(1)
  expect(onOverrun).not.toHaveBeenCalled()
  vi.advanceTimersByTime(3_000)
  expect(onOverrun).toHaveBeenCalledExactlyOnceWith({ seq: 1, storedMs: 0, subject: SUBJECT }, 'did not return within 5 s')
})

test('a call that was under way before the watchdog is blamed only for what it allocates afterwards', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  const rss = vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(4 * GIB)
  const memory = createSlotMemory()
  createCallSlot(memory).enter(1, 0, SUBJECT)
  const onOverrun = vi.fn()
  watchdog = startWatchdog({ memory, callMsMax: 5_000, growthBytesMax: GIB, onSlow: vi.fn(), onOverrun })
  vi.advanceTimersByTime(300)
  expect(onOverrun).not.toHaveBeenCalled()
  rss.mockReturnValue(5.5 * GIB)
  vi.advanceTimersByTime(100)
  expect(onOverrun).toHaveBeenCalledExactlyOnceWith({ seq: 1, storedMs: 0, subject: SUBJECT }, 'allocated more than 1024 MiB')
})

test('many short calls are no long call', () => {
  const { slot, onSlow } = watch()
  for (let seq = 1; seq < 100; seq++) {
    slot.enter(seq, 0, SUBJECT)
    vi.advanceTimersByTime(100)
    slot.leave()
  }
  expect(onSlow).not.toHaveBeenCalled()
})

test('time in which the watchdog itself did not run blames no call', () => {
  const { slot, onSlow } = watch()
  slot.enter(1, 0, SUBJECT)
  vi.advanceTimersByTime(200)
  // The process was paused for an hour.
  const now = performance.now()
  vi.spyOn(performance, 'now').mockReturnValue(now + 3_600_000)
  vi.advanceTimersByTime(100)
  expect(onSlow).not.toHaveBeenCalled()
})

test('a thread whose event loop does not turn is silent until it does', () => {
  const { slot, watchdog, onSilent, onAnswer } = watch()
  vi.advanceTimersByTime(5_000)
  // It has not started yet.
  expect(watchdog.silentMs()).toBe(0)
  slot.beat()
  vi.advanceTimersByTime(2_000)
  expect(watchdog.silentMs()).toBeGreaterThanOrEqual(1_800)
  expect(onSilent).toHaveBeenCalled()
  slot.beat()
  vi.advanceTimersByTime(100)
  expect(watchdog.silentMs()).toBe(0)
  expect(onAnswer).toHaveBeenCalledTimes(1)
})
