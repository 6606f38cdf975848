import { expect, test } from 'vitest'
import { createTypingLimit } from '../../../pipeline/http/typing-route.ts'

const actor = (id: string, tenant = 'acme') => ({ tenant, kind: 'support', id })

test('a name is told once in a window, and again in the next', () => {
  let now = 10_000
  const mayTell = createTypingLimit(() => now)
  expect([mayTell(actor('c1'), 'agent/Ann'), mayTell(actor('c1'), 'agent/Ann'), mayTell(actor('c2'), 'agent/Ann')]).toEqual([
    true,
    false,
    true,
  ])
  now += 2_000
  expect(mayTell(actor('c1'), 'agent/Ann')).toBe(true)
})

test('neither many names nor many conversations of one tenant silence another', () => {
  const mayTell = createTypingLimit(() => 10_000)
  const told = (count: number, tell: (index: number) => boolean): number =>
    Array.from({ length: count }, (_, index) => tell(index)).filter(Boolean).length
  expect(told(100, (index) => mayTell(actor('c1'), `user/${index}`))).toBe(8)
  expect(told(5_000, (index) => mayTell(actor(`d${index}`), 'user/x'))).toBeLessThanOrEqual(1_000)
  expect(mayTell(actor('c1', 'zeta'), 'agent/李敏')).toBe(true)
})
