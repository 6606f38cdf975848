import { expect, test } from 'vitest'
import { watchStillness } from '../../../infra/app/stage-stillness.ts'
import type { Stage } from '../../../pipeline/runtime/stage.ts'

test('a stage is still since its position or its count last changed', async () => {
  let now = 0
  let progress: { position: number; done?: number } = { position: 5 }
  const stage: Stage = {
    name: 'embed',
    status: () => ({ ...progress, lag: 1, ok: true, since: '', detail: 'running' }),
    stop: async () => undefined,
  }
  const stillness = watchStillness(new Map([['embed', stage]]), () => now)

  now = 7_000
  expect(stillness.of('embed')).toBe(7_000)
  progress = { position: 6 }
  expect(stillness.of('embed')).toBe(0)
  now = 9_000
  expect(stillness.of('embed')).toBe(2_000)
  progress = { position: 6, done: 40 }
  expect(stillness.of('embed')).toBe(0)
  now = 40_000
  expect(stillness.of('embed')).toBe(31_000)
  await stillness.stop()
})
