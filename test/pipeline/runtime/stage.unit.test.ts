import { expect, test } from 'vitest'
import { type StageRun, startStage } from '../../../pipeline/runtime/stage.ts'
import { silent } from '../../support/test-system.ts'

test('a stage that is stopped while a failed run is begun anew stops the new one, and ends', async () => {
  const { promise: failed, reject: fail } = Promise.withResolvers<void>()
  const { promise: stopped, resolve: end } = Promise.withResolvers<void>()
  const progress = () => ({ position: 0, lag: 0 })
  const first: StageRun = { ended: failed, progress, stop: async () => undefined }
  const second: StageRun = { ended: stopped, progress, stop: async () => end() }
  const { promise: beginning, resolve: asked } = Promise.withResolvers<void>()
  const { promise: ready, resolve: goOn } = Promise.withResolvers<StageRun>()
  let begun = 0
  const stage = await startStage(
    'slow',
    async () => {
      begun += 1
      if (begun === 1) return first
      asked()
      return ready
    },
    silent,
  )
  fail(new Error('the connection was lost'))
  await beginning
  const stopping = stage.stop()
  goOn(second)
  await stopping
  await stopped
  expect(begun).toBe(2)
})
