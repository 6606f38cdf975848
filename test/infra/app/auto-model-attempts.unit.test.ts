import { expect, test } from 'vitest'
import { createModelAttempts, QUIET_MS_MAX } from '../../../infra/app/auto-model-attempts.ts'

const START_MS = Date.parse('2026-11-20T10:00:00Z')
const WEIGHTS = 'onnx/model_quantized.onnx'

function attemptsAt() {
  let nowMs = START_MS
  const attempts = createModelAttempts({ model: 'org/e5', hubUrl: 'https://hub.example', cacheDir: '/cache', now: () => nowMs })
  return {
    attempts,
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

test('nothing is told before the first attempt, and after the model has come', () => {
  const { attempts } = attemptsAt()
  expect(attempts.status()).toBeUndefined()
  attempts.start()
  attempts.reset()
  expect(attempts.status()).toBeUndefined()
})

test('an attempt tells where it looks and since when; a download, how far it is', () => {
  const { attempts } = attemptsAt()
  attempts.start()
  expect(attempts.status()).toEqual({
    detail: 'looking for it in /cache and at https://hub.example since 2026-11-20T10:00:00Z',
    problem: null,
  })
  attempts.onProgress(WEIGHTS, 42_000_000, 118_000_000)
  expect(attempts.status()).toEqual({ detail: 'downloading 42 of 118 MB', problem: null })
})

test('a hub that hangs is a problem after a while, before and during a download', () => {
  const { attempts, pass } = attemptsAt()
  attempts.start()
  pass(QUIET_MS_MAX)
  const looking = 'looking for it in /cache and at https://hub.example since 2026-11-20T10:00:00Z; nothing came since 2026-11-20T10:00:00Z'
  expect(attempts.status()).toEqual({ detail: looking, problem: `org/e5: ${looking}` })
  attempts.onProgress(WEIGHTS, 42_000_000, 118_000_000)
  expect(attempts.status()?.problem).toBeNull()
  pass(QUIET_MS_MAX)
  const stalled = 'downloading 42 of 118 MB; nothing came since 2026-11-20T10:00:10Z'
  expect(attempts.status()).toEqual({ detail: stalled, problem: `org/e5: ${stalled}` })
})

test('a failed request, and a failed attempt, tell why, since when, and when the next attempt is', () => {
  const { attempts, pass } = attemptsAt()
  attempts.start()
  attempts.onRetry(new Error('the hub does not answer'))
  expect(attempts.status()?.problem).toMatch(/at https:\/\/hub\.example since .*; attempt 1, after a failure \(the hub does not answer\)$/)
  pass(5_000)
  attempts.fail(new Error('it is away'), 2_000)
  const waiting = 'cannot get it (it is away) since 2026-11-20T10:00:00Z; attempt 2 at 2026-11-20T10:00:07Z'
  expect(attempts.status()).toEqual({ detail: waiting, problem: `org/e5: ${waiting}` })
  pass(2_000)
  attempts.start()
  expect(attempts.status()?.problem).toMatch(/since 2026-11-20T10:00:00Z; attempt 2, after a failure \(it is away\)$/)
  attempts.onProgress(WEIGHTS, 1_000_000, 118_000_000)
  expect(attempts.status()).toEqual({ detail: 'downloading 1 of 118 MB', problem: null })
  expect(attempts.failures()).toBe(1)
})
