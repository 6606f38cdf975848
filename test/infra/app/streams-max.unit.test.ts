import { expect, test, vi } from 'vitest'
import { openFilesMax, streamsMaxOf } from '../../../infra/app/streams-max.ts'

test('the number of streams is lowered to the files that the process may open, and says so', async () => {
  const warn = vi.fn()
  expect(streamsMaxOf(10_000, 20_000, { warn })).toBe(10_000)
  expect(streamsMaxOf(10_000, undefined, { warn })).toBe(10_000)
  expect(warn).not.toHaveBeenCalled()
  expect(streamsMaxOf(10_000, 4_096, { warn })).toBe(2_560)
  expect(streamsMaxOf(10_000, 256, { warn })).toBe(1)
  expect(warn.mock.calls[0]?.[1]).toContain('raise it to 11536')
  expect(await openFilesMax()).toBeGreaterThan(100)
})
