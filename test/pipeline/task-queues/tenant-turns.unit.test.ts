import { expect, test } from 'vitest'
import { createTenantTurns } from '../../../pipeline/task-queues/tenant-turns.ts'

function createClock() {
  let nowMs = 0.1234
  return { now: () => nowMs, pass: (ms: number) => (nowMs += ms) }
}

test('a tenant with any number of runs leaves places to others', () => {
  const turns = createTenantTurns(64, createClock().now)
  const begun = Array.from({ length: 10_000 }, () => turns.begin('acme')).filter((turn) => 'end' in turn)
  expect(begun).toHaveLength(48)
  expect(Array.from({ length: 12 }, () => turns.begin('other')).every((turn) => 'end' in turn)).toBe(true)
})

test('runs that are sent back come again about as fast as those before them end, and after a minute at most', () => {
  const clock = createClock()
  const turns = createTenantTurns(8, clock.now)
  const fill = () => Array.from({ length: 6 }, () => turns.begin('acme')).flatMap((turn) => ('end' in turn ? [turn] : []))
  for (let round = 0; round < 20; round++) {
    const running = fill()
    clock.pass(6_000)
    for (const { end } of running.slice(1)) end()
    fill()
    running[0]?.end()
  }
  const later = Array.from({ length: 1_000 }, () => turns.begin('acme')).flatMap((turn) => ('laterMs' in turn ? [turn.laterMs] : []))
  expect(later[0]).toBeGreaterThanOrEqual(200)
  expect(later.every(Number.isInteger)).toBe(true)
  expect(later.slice(0, 20)).toEqual(later.slice(0, 20).toSorted((a, b) => a - b))
  expect(new Set(later.slice(0, 20)).size).toBeGreaterThan(10)
  expect(later.at(-1)).toBe(60_000)
})

test('a tenant whose runs have ended is forgotten: its next ones are not held back', () => {
  const clock = createClock()
  const turns = createTenantTurns(8, clock.now)
  const running = Array.from({ length: 6 }, () => turns.begin('acme'))
  for (let count = 0; count < 10_000; count++) turns.begin('acme')
  for (const turn of running) if ('end' in turn) turn.end()
  for (let count = 0; count < 6; count++) turns.begin('acme')
  expect(turns.begin('acme')).toEqual({ laterMs: 200 })
})
