import { expect, test } from 'vitest'
import { actorAfter, newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import { rowsOf } from '../../../pipeline/projector/rows/record-rows.ts'
import { createExpectation } from '../../../pipeline/verify/expected/expectation.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { address, kinds, message } from '../../support/core-helpers.ts'

const HOUR_MS = 3_600_000

test('an interval that ends before it began, by a clock that went back, took no time, in the tables and by the verification', () => {
  const records: LogRecord[] = []
  let actor = newActor(address)
  for (const [seq, type] of ['pause', 'resume'].entries()) {
    const at = message(seq + 1, { type, data: {} })
    // The second decision is made by a clock that is an hour behind that of the first.
    const now = new Date(Date.parse(at.ts) - seq * HOUR_MS).toISOString()
    const decision = decide(kinds, actor, at, { now, low: 0, lastSeq: actor.n }, true)
    if (decision.kind !== 'record') throw new Error('no record')
    records.push(decision.record)
    actor = actorAfter(address, decision.record)
  }
  const [first, second] = records
  // An actor's records never go back in time.
  expect(second?.at).toBe(first?.at)
  const rows = records.flatMap((record, index) => rowsOf(address, record, index + 1).state_intervals)
  const expectation = createExpectation()
  const expected = records.flatMap((record, index) =>
    expectation
      .take({ seq: index + 1, partition: 0, address, record, whole: () => record })
      .filter(([table]) => table === 'state_intervals'),
  )
  expect(rows.length).toBeGreaterThan(0)
  expect(rows.filter(({ ms }) => Number(ms) < 0)).toEqual([])
  expect(rows.map(({ ms }) => ms)).toContain(0)
  expect(expected.map(([, row]) => row['ms'])).toEqual(rows.map(({ ms }) => ms))
})
