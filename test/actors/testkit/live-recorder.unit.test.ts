import { expect, test } from 'vitest'
import { recordsLive } from '../../../actors/testkit/live-recorder.ts'

test('a recorder has all that was told, and the text that counts', async () => {
  const live = recordsLive('token')
  live.reset('before anything')
  for (const text of ['a', '', 'b']) live.delta(text)
  live.reset('model_timeout')
  live.delta('c')
  expect(await live.mode()).toBe('token')
  expect(live.told).toEqual([{ delta: 'a' }, { delta: 'b' }, { reset: 'model_timeout' }, { delta: 'c' }])
  expect(live.text).toBe('c')
})
