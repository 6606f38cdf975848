import { afterEach, expect, test, vi } from 'vitest'
import type { ThreadPosition } from '../../../pipeline/watchdog/ask-blocked-thread.ts'
import { createCallSlot, createSlotMemory, keepBeating, readSlot } from '../../../pipeline/watchdog/call-slot.ts'
import type { DecisionCode, TaskCode } from '../../../pipeline/watchdog/kind-code.ts'
import { startWatchdog, type Watchdog, type WatchdogOptions } from '../../../pipeline/watchdog/watchdog.ts'

const SUBJECT = 'log.3.acme.support.客户-1'
const GIB = 1024 ** 3
const decisionOn = (seq: number, isSuspect = false): DecisionCode => ({ seq, storedMs: 0, subject: SUBJECT, isSuspect })

let watchdog: Watchdog | undefined
afterEach(() => {
  watchdog?.stop()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** @param position what the thread answers when it is asked */
function watch(more: Partial<WatchdogOptions> = {}, position?: ThreadPosition) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  const memory = createSlotMemory()
  const slot = createCallSlot(memory)
  const [onBlocked, onOverrun, onAnswer] = [vi.fn(), vi.fn(), vi.fn()]
  const limits = { callMsMax: 5_000, unknownMsMax: 60_000, growthBytesMax: GIB }
  const ask = () => Promise.resolve(position)
  watchdog = startWatchdog({ memory, ...limits, ask, onBlocked, onOverrun, onAnswer, ...more })
  return { memory, slot, watchdog, onBlocked, onOverrun, onAnswer }
}

test('another thread reads which call runs, and that none does', () => {
  const memory = createSlotMemory()
  const slot = createCallSlot(memory)
  const decision = { seq: 2 ** 40, storedMs: 1_700_000_000_123, subject: SUBJECT, isSuspect: true }
  slot.enter(decision)
  expect(readSlot(memory)).toMatchObject({ call: decision, recent: decision })
  slot.leave()
  expect(readSlot(memory)).toMatchObject({ call: undefined, recent: decision })
})

test('a decision is the newest one until the turn of the event loop ends', async () => {
  const memory = createSlotMemory()
  const slot = createCallSlot(memory)
  slot.enter(decisionOn(1))
  slot.leave()
  await new Promise((resolve) => setImmediate(resolve))
  expect(readSlot(memory).recent).toBeUndefined()
})

test('a call that does not return is reported once when it is slow and once when it is over', async () => {
  const { slot, watchdog, onBlocked, onOverrun } = watch({}, { code: undefined, at: 'spin (kind.ts:1:1)' })
  slot.enter(decisionOn(1))
  await vi.advanceTimersByTimeAsync(900)
  expect(onBlocked).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(3_000)
  expect(onBlocked).toHaveBeenCalledTimes(1)
  expect(watchdog.block()).toMatchObject({ code: { seq: 1 }, isLeftBehind: false, at: ', at spin (kind.ts:1:1)' })
  expect(onOverrun).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(3_000)
  expect(onOverrun).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: decisionOn(1) }), 'did not return within 5 s')
})

test('a suspect has a second', async () => {
  const { slot, onOverrun } = watch()
  slot.enter(decisionOn(1, true))
  await vi.advanceTimersByTimeAsync(1_300)
  expect(onOverrun).toHaveBeenCalledExactlyOnceWith(expect.anything(), 'did not return within 1 s')
})

test('a call that was under way before the watchdog is blamed only for what it allocates afterwards', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  const rss = vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(4 * GIB)
  const memory = createSlotMemory()
  createCallSlot(memory).enter(decisionOn(1))
  const onOverrun = vi.fn()
  const ask = () => Promise.resolve(undefined)
  watchdog = startWatchdog({ memory, callMsMax: 5_000, unknownMsMax: 60_000, growthBytesMax: GIB, ask, onBlocked: vi.fn(), onOverrun })
  vi.advanceTimersByTime(300)
  expect(onOverrun).not.toHaveBeenCalled()
  rss.mockReturnValue(5.5 * GIB)
  vi.advanceTimersByTime(100)
  expect(onOverrun).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: decisionOn(1) }), 'allocated more than 1024 MiB')
})

test('many short calls are no long call', () => {
  const { slot, onBlocked } = watch()
  for (let seq = 1; seq < 100; seq++) {
    slot.enter(decisionOn(seq))
    vi.advanceTimersByTime(100)
    slot.leave()
  }
  expect(onBlocked).not.toHaveBeenCalled()
})

test('time in which the watchdog itself did not run blames no call', () => {
  const { slot, onBlocked } = watch()
  slot.enter(decisionOn(1))
  vi.advanceTimersByTime(200)
  // The process was paused for an hour.
  const now = performance.now()
  vi.spyOn(performance, 'now').mockReturnValue(now + 3_600_000)
  vi.advanceTimersByTime(100)
  expect(onBlocked).not.toHaveBeenCalled()
})

test('a thread whose event loop does not turn is silent until it does', async () => {
  const { slot, watchdog, onBlocked, onAnswer } = watch()
  await vi.advanceTimersByTimeAsync(5_000)
  // It has not started yet.
  expect(watchdog.silentMs()).toBe(0)
  slot.beat()
  await vi.advanceTimersByTimeAsync(2_000)
  expect(watchdog.silentMs()).toBeGreaterThanOrEqual(1_800)
  expect(onBlocked).toHaveBeenCalledTimes(1)
  slot.beat()
  await vi.advanceTimersByTimeAsync(100)
  expect(watchdog.silentMs()).toBe(0)
  expect(onAnswer).toHaveBeenCalledTimes(1)
})

test('code that blocks a thread before the timer of its heartbeat has fired is found', async () => {
  const { slot, onBlocked } = watch()
  // Its timer does not fire any more.
  clearInterval(keepBeating(slot))
  slot.enter(decisionOn(1))
  slot.leave()
  await vi.advanceTimersByTimeAsync(2_000)
  expect(onBlocked).toHaveBeenCalledTimes(1)
})

test('code that a decision left behind has as long as a decision; pauses in between do not help it', async () => {
  const { slot, onBlocked, onOverrun } = watch({}, { code: decisionOn(7), at: undefined })
  for (let round = 0; round < 3; round++) {
    slot.beat()
    await vi.advanceTimersByTimeAsync(2_000)
  }
  expect(onBlocked).toHaveBeenLastCalledWith(expect.objectContaining({ code: decisionOn(7), isLeftBehind: true }))
  expect(onOverrun).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ code: decisionOn(7), isLeftBehind: true }),
    expect.stringMatching(/^blocked its thread for 5(\.\d)? s$/),
  )
})

test('many decisions in one turn of the event loop are no block', async () => {
  const { slot, onBlocked } = watch()
  slot.beat()
  for (let seq = 1; seq < 100; seq++) {
    slot.enter(decisionOn(seq))
    slot.leave()
    await vi.advanceTimersByTimeAsync(100)
  }
  expect(onBlocked).not.toHaveBeenCalled()
})

test('a task that blocks has until five seconds after its deadline', async () => {
  const deadlineAt = new Date(Date.now() + 60_000).toISOString()
  const task: TaskCode = { kind: 'k', task: 't', run: 'r', actor: 'a/k/x', deadlineAt }
  const { slot, onOverrun } = watch({}, { code: task, at: undefined })
  slot.beat()
  await vi.advanceTimersByTimeAsync(30_000)
  expect(onOverrun).not.toHaveBeenCalled()
  vi.spyOn(Date, 'now').mockReturnValue(Date.parse(deadlineAt) + 5_000)
  await vi.advanceTimersByTimeAsync(100)
  expect(onOverrun).toHaveBeenCalledTimes(1)
})

test('code that nobody knows is asked for again and ends after its own bound', async () => {
  const answers: ThreadPosition[] = []
  const { slot, onBlocked, onOverrun } = watch({ ask: () => Promise.resolve(answers.at(-1)) })
  slot.beat()
  await vi.advanceTimersByTimeAsync(30_000)
  expect(onBlocked).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: undefined }))
  await vi.advanceTimersByTimeAsync(31_000)
  expect(onOverrun).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ code: undefined }),
    expect.stringMatching(/^blocked its thread for 60(\.1)? s$/),
  )
  answers.push({ code: decisionOn(3), at: undefined })
  await vi.advanceTimersByTimeAsync(2_000)
  expect(onBlocked).toHaveBeenLastCalledWith(expect.objectContaining({ code: decisionOn(3) }))
})
