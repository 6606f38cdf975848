import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import type { Decision } from '../../../actors/core/decision.ts'
import { defineKind, kindsByName } from '../../../actors/definition/define-kind.ts'
import { address, internal, kinds, message, play, timeAt } from '../../support/core-helpers.ts'

const hostEnds = 'this input ended its host 2 times: did not return within 10 s'
const context = (seq: number) => ({ now: timeAt(seq), low: 0, hostEnds })
const recordIn = (decision: Decision) => (decision.kind === 'record' ? decision.record : undefined)

describe('an input that has ended its host twice', () => {
  test('is rejected with what it did, and the machine does not see it', () => {
    const { actor } = play([message(1, { type: 'add', data: { by: 1 } })])
    const record = recordIn(decide(kinds, actor, message(2, { type: 'add', data: { by: 1 } }), context(2), true))
    expect(record).toMatchObject({ outcome: 'rejected', reason: 'poison', error: `host_ended: ${hostEnds}`, label: { count: 1 } })
  })

  test('is still a duplicate if its actor has committed it', () => {
    const { actor } = play([message(1, { type: 'add', data: { by: 1 }, id: 'm' })])
    expect(decide(kinds, actor, message(2, { type: 'add', data: { by: 1 }, id: 'm' }), context(2), true).kind).toBe('duplicate')
  })

  test('is rejected as the timer or the result of a task that it is', () => {
    const { actor, records } = play([message(1, { type: 'ask', data: { q: 'a' } })])
    const run = records[0]?.started[0]?.run
    const done = internal(2, { type: 'task.done', run, attempts: 1, queueMs: 0, durationMs: 0, output: { text: 'b' } })
    expect(recordIn(decide(kinds, actor, done, context(2), true))).toMatchObject({ reason: 'poison', to: 'open.asking' })
  })
})

test('an input whose schema throws is rejected', () => {
  const faulty = defineKind({
    name: 'faulty',
    version: 1,
    context: z.object({}),
    events: {
      a: z.object({ n: z.number() }).refine(({ n }) => {
        if (n > 1) throw new Error('a refinement that throws')
        return true
      }),
    },
    emits: {},
    tasks: {},
  })
  const all = kindsByName([faulty.with(setup(faulty.xstate).createMachine({ context: {} }))])
  const actor = newActor({ ...address, kind: 'faulty' })
  const decision = decide(all, actor, message(1, { type: 'a', data: { n: 2 } }), { now: timeAt(1), low: 0 }, false)
  expect(recordIn(decision)).toMatchObject({ outcome: 'rejected', reason: 'poison', error: 'a refinement that throws' })
})
