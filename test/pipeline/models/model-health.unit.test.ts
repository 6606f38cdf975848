import { expect, test } from 'vitest'
import { createAdaptiveLimit } from '../../../pipeline/models/adaptive-limit.ts'
import { createModelHealth } from '../../../pipeline/models/model-health.ts'

const DOWN = { code: 'model_unavailable', message: 'down' }

/** A clock that tests move. */
function createClock() {
  let ms = 0
  return {
    now: () => ms,
    pass(by: number) {
      ms += by
    },
  }
}

test('a model that fails rests, and one request tries it before others may', () => {
  const clock = createClock()
  const health = createModelHealth(clock.now)
  health.start().failed(DOWN)
  expect(health).toMatchObject({ failuresInARow: 1, lastFailure: DOWN })
  expect(health.readiness()).toBe('resting')
  clock.pass(health.restMs())
  expect(health.readiness()).toBe('trial')
  const trial = health.start()
  expect(health.readiness()).toBe('resting')
  trial.succeeded()
  expect(health.readiness()).toBe('ready')
  expect(health.lastFailure).toBeUndefined()
})

test('the rest doubles with each failed trial, to a minute', () => {
  const clock = createClock()
  const health = createModelHealth(clock.now)
  const rests: number[] = []
  for (let trial = 0; trial < 9; trial++) {
    health.start().failed(DOWN)
    rests.push(health.restMs())
    clock.pass(health.restMs())
  }
  expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
})

test('requests that fail together are one failure, and one that succeeds late ends no rest', () => {
  const clock = createClock()
  const health = createModelHealth(clock.now)
  const together = Array.from({ length: 10 }, () => health.start())
  const late = health.start()
  clock.pass(5)
  for (const attempt of together) attempt.failed(DOWN)
  late.succeeded()
  expect(health.restMs()).toBe(1_000)
  expect(health.readiness()).toBe('resting')
})

test('Retry-After is held, to ten minutes', () => {
  const health = createModelHealth(createClock().now)
  const [one, other] = [health.start(), health.start()]
  one.failed({ code: 'model_busy', message: '429' }, 30_000)
  expect(health.restMs()).toBe(30_000)
  other.failed({ code: 'model_busy', message: '429' }, 86_400_000)
  expect(health.restMs()).toBe(600_000)
})

test('a trial whose caller leaves is repeated', () => {
  const clock = createClock()
  const health = createModelHealth(clock.now)
  health.start().failed(DOWN)
  clock.pass(1_000)
  health.start().ended()
  expect(health.readiness()).toBe('trial')
})

/** Rounds of requests to a model that takes 100 ms for up to `capacity` at a time, and in proportion longer beyond. */
function play(limit: ReturnType<typeof createAdaptiveLimit>, clock: ReturnType<typeof createClock>, capacity: number, rounds: number) {
  const values: number[] = []
  for (let round = 0; round < rounds; round++) {
    const inFlight = limit.value
    const startedAt = clock.now()
    const firstTokenMs = 100 * Math.max(1, (inFlight / capacity) ** 3)
    clock.pass(firstTokenMs)
    for (let request = 0; request < inFlight; request++) {
      if (inFlight > capacity * 2) limit.overloaded({ startedAt })
      else limit.answered({ startedAt, firstTokenMs, inFlight })
    }
    values.push(limit.value)
  }
  return values
}

test('the limit starts at the maximum, and converges to what the model stands', () => {
  const clock = createClock()
  const limit = createAdaptiveLimit(200, clock.now)
  expect(limit.value).toBe(200)
  const values = play(limit, clock, 20, 400)
  const settled = values.slice(-100)
  expect(Math.min(...settled)).toBeGreaterThanOrEqual(20)
  expect(Math.max(...settled)).toBeLessThanOrEqual(41)
  expect(limit.usualMs).toBeGreaterThanOrEqual(100)
})

test('it grows back to the maximum when the model stands more, and never beyond', () => {
  const clock = createClock()
  const limit = createAdaptiveLimit(50, clock.now)
  play(limit, clock, 4, 100)
  expect(limit.value).toBeLessThan(10)
  play(limit, clock, 1_000, 200)
  expect(limit.value).toBe(50)
})

test('an idle model keeps its limit: what is not in use proves nothing', () => {
  const clock = createClock()
  const limit = createAdaptiveLimit(50, clock.now)
  limit.overloaded({ startedAt: clock.now() })
  const before = limit.value
  for (let request = 0; request < 500; request++) limit.answered({ startedAt: clock.now(), firstTokenMs: 100, inFlight: 1 })
  expect(limit.value).toBe(before)
})

test('the limit is never below one', () => {
  const clock = createClock()
  const limit = createAdaptiveLimit(2, clock.now)
  for (let times = 0; times < 20; times++) {
    clock.pass(1)
    limit.overloaded({ startedAt: clock.now() })
  }
  expect(limit.value).toBe(1)
})
