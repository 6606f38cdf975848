import { defineKind } from 'colloquy'
import { createReminder } from 'colloquy/kinds'
import { given } from 'colloquy/test'
import { expect, test } from 'vitest'

test('a checkout knows itself by the names of its package', () => {
  expect([typeof defineKind, typeof createReminder, typeof given]).toEqual(['function', 'function', 'function'])
})
