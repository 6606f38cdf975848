import { expect, test } from 'vitest'
import { isCovered } from '../../../pipeline/index-check/text-cover.ts'

test('chunks that overlap and cover the text prove it', () => {
  expect(isCovered('one two three', ['one two three'])).toBe(true)
  expect(isCovered('one two three', ['one two', 'two three'])).toBe(true)
  expect(isCovered('aaaaaaaa', ['aaaa', 'aaaa', 'aa'])).toBe(true)
  expect(isCovered('字字。字字。', ['字字。', '字字。'])).toBe(true)
})

test('a gap, a missing start or end, and a foreign chunk do not', () => {
  expect(isCovered('one two three', ['one', 'three'])).toBe(false)
  expect(isCovered('one two three', ['two three'])).toBe(false)
  expect(isCovered('one two three', ['one two', ' thr'])).toBe(false)
  expect(isCovered('one two three', ['one two', 'of five', 'three'])).toBe(false)
  expect(isCovered('one two three', [])).toBe(false)
})
