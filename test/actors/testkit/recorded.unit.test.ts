import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import type { Kind } from '../../../actors/definition/kind.ts'
import { movesOf } from '../../../actors/testkit/explore/moves.ts'
import { walk } from '../../../actors/testkit/explore/random-walk.ts'
import { createRecording } from '../../../actors/testkit/recorded.ts'
import { given } from '../../../actors/testkit/scenario.ts'
import { createWorld } from '../../../actors/testkit/simulated-world.ts'
import { fails } from '../../../actors/testkit/task-stubs.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { refund } from '../../support/kit-kinds.ts'
import { parallelKind } from '../../support/parallel-kind.ts'
import { support } from '../../support/support-harness.ts'
import { toyKind } from '../../support/toy-kind.ts'

const addressOf = (kind: Kind) => ({ tenant: 'acme', kind: kind.name, id: 'r7' })

/** Random histories as today's kinds record them. */
function histories(kind: Kind): fc.Arbitrary<readonly LogRecord[]> {
  return fc
    .array(movesOf(kind, {}), { minLength: 1, maxLength: 25, size: 'max' })
    .map((moves) => walk(createWorld(kind, addressOf(kind)), moves).world.steps.flatMap(({ records }) => records))
    .filter((records) => records.length > 0)
}

/** Runs the code of a printed test. */
function run(code: string, kind: Kind): { records: readonly LogRecord[] } {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- it is what a reader would paste into a file
  const test = new Function('given', 'fails', kind.name, `return ${code}`) as (...names: unknown[]) => { records: readonly LogRecord[] }
  return test(given, fails, kind)
}

const decidedIn = ({ outcome, reason, from, to, status, label, emitted, started, timers }: LogRecord) => ({
  outcome,
  reason,
  from,
  to,
  status,
  label,
  emitted: emitted.map(({ type, data }) => [type, data]),
  started: started.map(({ task, input }) => [task, input]),
  timers: timers.map(({ event }) => event),
})
const decided = (records: readonly LogRecord[]) => records.map(decidedIn)

describe.each([
  ['toy', toyKind],
  ['parallel', parallelKind],
  ['support', support],
  ['refund', refund],
])('a recorded history of kind %s', (_, kind: Kind) => {
  test('is decided by the same kind as it was recorded', () => {
    fc.assert(
      fc.property(histories(kind), (records) => {
        const recording = createRecording(kind, addressOf(kind), records)
        expect(recording.deviation).toBeUndefined()
        expect(recording.thenAsRecorded().records).toEqual(records)
      }),
      { numRuns: 12, seed: 5 },
    )
  })

  test('becomes the code of a test that passes and leads to the same records', () => {
    fc.assert(
      fc.property(histories(kind), (records) => {
        expect(decided(run(createRecording(kind, addressOf(kind), records).toCode(), kind).records)).toEqual(decided(records))
      }),
      { numRuns: 12, seed: 6 },
    )
  })
})

const counter = defineKind({
  name: 'counter',
  version: 1,
  context: z.object({ sum: z.number() }),
  events: { add: z.object({ by: z.number() }) },
  emits: {},
  tasks: {},
})
const counting = (sign: number) =>
  counter.with(
    setup(counter.xstate).createMachine({
      context: { sum: 0 },
      on: { add: { actions: assign({ sum: ({ context, event }) => context.sum + sign * event.data.by }) } },
    }),
  )

describe('a recorded history', () => {
  const { records } = given(counting(1), { tenant: 'acme', id: 'c1' }).when('add', { by: 0 }).when('add', { by: 2 }).when('add', { by: 3 })
  const address = { tenant: 'acme', kind: 'counter', id: 'c1' }

  test('that a changed kind decides differently fails with the first record that differs', () => {
    const { deviation, thenAsRecorded } = createRecording(counting(-1), address, records)
    expect(deviation?.record.n).toBe(2)
    expect(thenAsRecorded).toThrow(
      /today, record 2 would differ: counter: .*state.context.sum would differ\n {2}state.context.sum: expected 2, got -2/,
    )
  })

  test('continues after its last record', () => {
    createRecording(counting(1), address, records).thenAsRecorded().when('add', { by: 4 }).thenContext({ sum: 9 })
  })

  test('reads like a test that a person wrote', () => {
    const paid = given(refund, { tenant: 'acme', id: 'r7' })
      .task('pay', fails('http_500', "it's down"))
      .when('refund.asked', { amount: 20 }, { id: 'm-1' })
      .after('10m')
      .when('refund.refused', {}, { id: 'm-2', source: 'crm' })
    expect(createRecording(refund, { tenant: 'acme', kind: 'refund', id: 'r7' }, paid.records).toCode()).toMatchInlineSnapshot(`
      "given(refund, { tenant: 'acme', id: 'r7', at: '2026-01-01T00:00:00.000Z' })
        .when('refund.asked', { amount: 20 }, { id: 'm-1' })
        .thenState('paying')
        .thenTask('pay', { amount: 20 })
        .taskEnds('pay', fails('http_500', 'it\\'s down'))
        .thenState('stuck')
        .timerFires()
        .thenState('paying')
        .thenTask('pay', { amount: 20 })
        .taskEnds('pay', fails('http_500', 'it\\'s down'))
        .thenState('stuck')
        .when('refund.refused', {}, { id: 'm-2', source: 'crm' })
        .thenState('denied')
        .thenEmitted('refund.denied', {})
        .thenStatus('done')"
    `)
  })

  test('that is empty is an error', () => {
    expect(() => createRecording(refund, { tenant: 'acme', kind: 'refund', id: 'none' }, [])).toThrow('acme/refund/none has no records')
  })
})
