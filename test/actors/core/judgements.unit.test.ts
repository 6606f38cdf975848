import { expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { inputAdvice } from '../../../actors/definition/input-advice.ts'
import { given } from '../../../actors/testkit/scenario.ts'

const once = defineKind({ name: 'once', version: 1, context: z.object({}), events: { go: z.object({}) }, emits: {}, tasks: {} })
const onceKind = once.with(
  setup(once.xstate).createMachine({ context: {}, initial: 'new', states: { new: { on: { '*': 'ended' } }, ended: { type: 'final' } } }),
)
const correction = { type: 'intent.corrected', data: { message: 'm-1', intent: '退货' } }

test('a judgement is recorded, and the machine does not see it', () => {
  const judged = given(onceKind).whenRaw(correction).thenState('new').thenNothing()
  expect(judged.records.at(-1)).toMatchObject({ outcome: 'committed', input: correction, from: '', to: '' })
})

test('a final state takes a judgement, and nothing else', () => {
  const ended = given(onceKind).when('go', {}).thenState('ended')
  expect(ended.whenRaw(correction).thenState('ended').records.at(-1)).toMatchObject({ outcome: 'committed', n: 2 })
  ended.when('go', {}).thenRejected('ended')
})

test('a judgement without its facts is rejected, and a producer is told before', () => {
  given(onceKind)
    .whenRaw({ ...correction, data: { intent: '退货' } })
    .thenRejected('bad_data')
  const kinds = new Map([[onceKind.name, onceKind]])
  expect(inputAdvice(kinds, 'once', correction)).toBeUndefined()
  expect(inputAdvice(kinds, 'once', { ...correction, data: {} })).toMatchObject({ code: 'bad_data' })
})

test('a kind that declares the type gets it', () => {
  const own = defineKind({
    name: 'own',
    version: 1,
    context: z.object({}),
    events: { 'intent.corrected': z.object({ intent: z.string() }) },
    emits: {},
    tasks: {},
  })
  const ownKind = own.with(
    setup(own.xstate).createMachine({ context: {}, initial: 'a', states: { a: { on: { 'intent.corrected': 'b' } }, b: {} } }),
  )
  given(ownKind).when('intent.corrected', { intent: 'x' }).thenState('b')
})
