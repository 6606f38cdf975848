import { expect, test } from 'vitest'
import type { HostEnds } from '../../../pipeline/watchdog/ended-hosts.ts'
import type { Overruns } from '../../../pipeline/watchdog/overruns.ts'
import { createSuspects } from '../../../pipeline/watchdog/suspects.ts'

const AT = Date.parse('2026-01-01T00:00:00.000Z')
const SUBJECT = 'log.0.acme.support.x'
const suspectsOf = (ends: readonly (readonly [number, HostEnds])[], overruns: Overruns = new Map(), nowMs = AT) =>
  createSuspects(new Map(ends), overruns, () => nowMs)
const ends = (more: Partial<HostEnds> = {}): HostEnds => ({
  storedMs: AT,
  count: 1,
  what: ['did not return within 10 s'],
  at: new Date(AT).toISOString(),
  subject: SUBJECT,
  isOverrun: true,
  isLeftBehind: false,
  ...more,
})

test('an input that ran into a limit is suspect, and poison at its second end', () => {
  const once = suspectsOf([[5, ends()]])
  expect(once.against({ seq: 5, storedMs: AT }, SUBJECT)).toMatchObject({ isSuspect: true, poison: undefined })
  expect(once.against({ seq: 6, storedMs: AT }, SUBJECT)).toBeUndefined()
  const twice = suspectsOf([[5, ends({ count: 2 })]])
  expect(twice.against({ seq: 5, storedMs: AT }, SUBJECT)?.poison).toContain('ended its host 2 times')
})

test('an input whose process was killed has all the time of a decision', () => {
  const suspects = suspectsOf([[5, ends({ isOverrun: false })]])
  expect(suspects.against({ seq: 5, storedMs: AT }, SUBJECT)).toMatchObject({ isSuspect: false, poison: undefined })
})

test('an input of the same sequence in a stream that was made again is another', () => {
  expect(suspectsOf([[5, ends()]]).against({ seq: 5, storedMs: AT + 1 }, SUBJECT)).toBeUndefined()
})

test('what recorded inputs left behind speaks against the next inputs of their actor, and of no other, for ten minutes', () => {
  const left = ends({ isLeftBehind: true, what: ['blocked its thread for 10 s'] })
  const suspects = suspectsOf([
    [5, left],
    [6, left],
  ])
  expect(suspects.against({ seq: 7, storedMs: AT + 1_000 }, SUBJECT)?.poison).toBe(
    'code that earlier decisions of this actor left behind ended its host 2 times: blocked its thread for 10 s',
  )
  expect(suspects.against({ seq: 7, storedMs: AT + 1_000 }, 'log.0.acme.support.y')).toBeUndefined()
  expect(suspects.against({ seq: 7, storedMs: AT + 600_000 }, SUBJECT)).toBeUndefined()
  expect(suspects.acquit(5)).toBe(true)
  expect(suspects.against({ seq: 7, storedMs: AT + 1_000 }, SUBJECT)).toMatchObject({ isSuspect: true, poison: undefined })
})

test('after an overrun, decisions of its kind and tenant have a shorter limit for a minute', () => {
  const input = { seq: 9, storedMs: AT }
  const overruns = new Map([['acme/support', AT + 60_000]])
  const suspects = suspectsOf([], overruns)
  expect(suspects.against(input, 'log.0.acme.support.z')).toEqual({
    isSuspect: true,
    poison: undefined,
    hasEndedHost: false,
    isLeftBehind: false,
  })
  expect(suspects.against(input, 'log.0.other.support.z')).toBeUndefined()
  expect(suspects.against(input, 'log.0.acme.order.z')).toBeUndefined()
  expect(suspectsOf([], overruns, AT + 60_000).against(input, 'log.0.acme.support.z')).toBeUndefined()
})
