import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { rateLimitedWarn } from '../../../pipeline/runtime/rate-limited-warn.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function logger() {
  const lines: unknown[] = []
  return { lines, log: pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(JSON.parse(line)) }) }
}

test('a warning that comes a thousand times is written once in ten seconds, with the number of suppressed ones', () => {
  const { log, lines } = logger()
  for (let at = 0; at < 25_000; at += 25) {
    rateLimitedWarn(log, { at }, 'retrying')
    vi.advanceTimersByTime(25)
  }
  expect(lines).toEqual([
    { level: 40, at: 0, msg: 'retrying' },
    { level: 40, at: 10_000, suppressed: 399, msg: 'retrying' },
    { level: 40, at: 20_000, suppressed: 399, msg: 'retrying' },
  ])
})

test('a window of its own is kept', () => {
  const { log, lines } = logger()
  for (let at = 0; at <= 60_000; at += 1_000) {
    rateLimitedWarn(log, { at }, 'in vain', 60_000)
    vi.advanceTimersByTime(1_000)
  }
  expect(lines).toEqual([
    { level: 40, at: 0, msg: 'in vain' },
    { level: 40, at: 60_000, suppressed: 59, msg: 'in vain' },
  ])
})

test('another message and another logger have limits of their own', () => {
  const [one, other] = [logger(), logger()]
  for (const { log } of [one, other, one, other]) for (const message of ['a', 'b']) rateLimitedWarn(log, {}, message)
  for (const { lines } of [one, other])
    expect(lines).toEqual([
      { level: 40, msg: 'a' },
      { level: 40, msg: 'b' },
    ])
})

test('a warning that did not come again for ten seconds is written as if for the first time', () => {
  const { log, lines } = logger()
  rateLimitedWarn(log, {}, 'a')
  vi.advanceTimersByTime(10_000)
  rateLimitedWarn(log, {}, 'a')
  expect(lines).toEqual([
    { level: 40, msg: 'a' },
    { level: 40, msg: 'a' },
  ])
})
