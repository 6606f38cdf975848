import { describe, expect, test } from 'vitest'
import { actorAfter } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { kinds, message, play } from '../../support/core-helpers.ts'

const DAY_MS = 86_400_000

/** The record of a `pause`, which sets a timer of one hour, `aheadMs` after another record by a clock that is right again. */
function recordAfter(aheadMs: number): { last: LogRecord; record: LogRecord; now: string } {
  const { actor, records } = play([message(1, { type: 'add', data: { by: 1 } })])
  const [last] = records
  if (last === undefined) throw new Error('no record')
  const now = new Date(Date.parse(last.at) - aheadMs).toISOString()
  const pause = { ...message(2, { type: 'pause', data: {} }), ts: now }
  const decision = decide(kinds, actorAfter(actor.address, last), pause, { now, low: 0, lastSeq: 1 }, true)
  if (decision.kind !== 'record') throw new Error(`no record: ${decision.kind}`)
  return { last, record: decision.record, now }
}

describe('the time of a record', () => {
  test('is not before the previous one where the clock went back by less than an hour', () => {
    const { last, record } = recordAfter(600_000)
    expect(record.at).toBe(last.at)
  })

  test('is right again where the previous one came from a clock that was 400 days ahead, and so are the timers that it sets', () => {
    const { record, now } = recordAfter(400 * DAY_MS)
    expect(record.at).toBe(now)
    const [timer] = record.timers
    expect(Date.parse(timer?.at ?? '') - Date.parse(now)).toBe(3_600_000)
  })
})
