import { expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { type Actor, actorAfter, newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import type { Decision, Message } from '../../../actors/core/decision.ts'
import { replayRecord } from '../../../actors/core/replay.ts'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { inputAdvice } from '../../../actors/definition/input-advice.ts'
import { kindsByName } from '../../../actors/definition/kind.ts'
import { createRecording } from '../../../actors/testkit/recorded.ts'
import { given } from '../../../actors/testkit/scenario.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { recordProblem } from '../../../schemas/record-check.ts'
import { internal, message, reread } from '../../support/core-helpers.ts'
import { gradedKind, judgementOf } from '../../support/graded-kind.ts'

const kinds = kindsByName([gradedKind])
const address = { tenant: 'acme', kind: 'graded', id: 'c1' }

interface Told {
  readonly actor: Actor
  readonly records: readonly LogRecord[]
}
const start: Told = { actor: newActor(address), records: [] }

const decideOn = (actor: Actor, at: Message): Decision => decide(kinds, actor, at, { now: at.ts, low: 0, lastSeq: actor.n }, true)

/** The actor after a message, reloaded from its record as another host would. */
function after({ actor, records }: Told, at: Message): Told {
  const decision = decideOn(actor, at)
  if (decision.kind !== 'record') throw new Error(`expected a record, got ${JSON.stringify(decision)}`)
  const record = reread(decision.record)
  return { actor: actorAfter(address, record), records: [...records, record] }
}

const question = message(1, { type: 'message.received', id: 'q-1', data: { role: 'user', text: '退货要多久 0.4' } })
const answered = after(start, question)
const [answer] = answered.records
if (answer === undefined) throw new Error('no answer')
const judgement = (version = '1', overall = 0.3) => judgementOf(answer, 1, 'model', version, overall)

test('a judgement is recorded once for an evaluator and version, and changes no state', () => {
  const judged = after(answered, internal(2, judgement()))
  const record = judged.records.at(-1)
  expect(record).toMatchObject({
    outcome: 'committed',
    n: 2,
    from: 'open',
    to: 'open',
    emitted: [],
    started: [],
    timers: [],
    status: 'active',
  })
  expect(record?.input).toMatchObject({ id: judgement().id, source: 'colloquy', data: { overall: 0.3, evaluator: 'model' } })
  expect(record?.state).toEqual(answer.state)
  expect(recordProblem(record)).toBeUndefined()
  expect(decideOn(judged.actor, internal(3, judgement()))).toEqual({ kind: 'duplicate', by: 'id' })
  expect(after(judged, internal(3, judgement('2'))).records).toHaveLength(3)
})

test('it counts as a record of its case and as nothing else', () => {
  const { counts, ...rest } = after(answered, internal(2, judgement())).records.at(-1)?.case ?? {}
  const { counts: before, ...same } = answer.case
  expect(rest).toEqual(same)
  expect(counts).toEqual({ ...before, records: 2 })
})

test('it is recorded in a final state, and before the first message', () => {
  const ended = after(answered, message(2, { type: 'end', data: {} }))
  expect(ended.actor.status).toBe('done')
  expect(after(ended, internal(3, judgement())).records.at(-1)).toMatchObject({ outcome: 'committed', status: 'done', to: 'ended' })
  const early = after(start, internal(1, judgement()))
  expect(early.records.at(-1)).toMatchObject({ outcome: 'committed', n: 1, status: 'none', to: '', state: null })
  expect(after(early, message(2, { type: 'message.received', data: { role: 'user', text: 'hello' } })).records.at(-1)?.to).toBe('open')
})

test.each(['producer', 'actor'] as const)('from a %s it is rejected, and the error says what to send', (origin) => {
  const forged = after(answered, message(2, judgement(), { origin })).records.at(-1)
  expect(forged).toMatchObject({ outcome: 'rejected', reason: 'bad_data', to: 'open' })
  expect(forged?.error).toContain('send "feedback.given"')
  const early = after(start, message(1, { ...judgement(), history: true }, { origin })).records.at(-1)
  expect(early).toMatchObject({ outcome: 'rejected', reason: 'bad_data' })
})

test('a producer is told before, also where the kind takes any type', () => {
  const any = defineKind({ name: 'any', version: 1, context: z.object({}), events: {}, emits: {}, tasks: {} })
  const anyKind = any.with(setup(any.xstate).createMachine({ context: {}, initial: 'a', states: { a: { on: { '*': 'b' } }, b: {} } }))
  for (const kind of [gradedKind, anyKind]) {
    expect(inputAdvice(kindsByName([kind]), kind.name, judgement())).toMatchObject({ code: 'bad_data' })
  }
  given(anyKind).whenRaw(judgement()).thenRejected('bad_data')
})

test('a kind cannot declare it', () => {
  const options = { name: 'own', version: 1, context: z.object({}), emits: {}, tasks: {} }
  expect(() => defineKind({ ...options, events: { 'answer.judged': z.object({}) } })).toThrow(/"answer.judged".*declare "feedback.given"/)
})

test.each([
  ['without its answer', { answer: undefined }],
  ['with a score above 1', { overall: 1.5 }],
  ['with a version that is too long', { version: 'v'.repeat(65) }],
  ['with a question that is none', { given: { ...judgement().data.given, answered: [{ turn: 'one' }] } }],
])('a judgement %s leaves no record', (_, wrong) => {
  const bad = { ...judgement(), data: { ...judgement().data, ...wrong } }
  expect(decideOn(answered.actor, internal(2, bad))).toEqual({ kind: 'ignored', why: 'not_internal' })
})

test('today decides it as it was recorded', () => {
  const ended = after(answered, message(2, { type: 'end', data: {} }))
  for (const told of [start, answered, ended]) {
    const judged = after(told, internal(9, judgement())).records.at(-1)
    if (judged === undefined) throw new Error('no record')
    expect(replayRecord(kinds, told.actor, judged)).toMatchObject({ kind: 'same' })
  }
  const forged = after(answered, message(2, judgement())).records.at(-1)
  expect(forged && replayRecord(kinds, answered.actor, forged)).toMatchObject({ kind: 'same' })
})

test('a recorded history is replayed with it, and printed as a test without it', () => {
  const judged = after(answered, internal(2, judgement()))
  const { records } = after(judged, message(3, { type: 'message.received', id: 'q-2', data: { role: 'user', text: 'and 0.9?' } }))
  const recording = createRecording(gradedKind, address, records)
  expect(recording.deviation).toBeUndefined()
  const code = recording.toCode()
  expect(code).toContain('q-2')
  expect(code).not.toContain('judge')
})
