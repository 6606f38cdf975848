import { expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { dataProblems } from '../../../actors/definition/input-advice.ts'

const definition = defineKind({
  name: 'order',
  version: 1,
  context: z.object({}),
  events: {
    placed: z.object({ city: z.string().min(2), count: z.int(), tags: z.array(z.string().min(2)) }),
    thrown: z.object({}).transform(() => {
      throw new Error('this schema throws')
    }),
  },
  emits: {},
  tasks: {},
})
const kind = definition.with(setup(definition.xstate).createMachine({ context: {}, on: { placed: {}, thrown: {} } }))

test('all problems of an input are told, each with the path of its field', () => {
  expect(dataProblems(kind, { type: 'placed', data: { city: '京', tags: ['ok', 'x', 7] } })).toEqual([
    'data.city: must have at least 2 characters',
    'data.count: is missing; it must be a number',
    'data.tags.1: must have at least 2 characters',
    'data.tags.2: must be a text',
  ])
  expect(dataProblems(kind, { type: 'placed', data: { city: '北京', count: 1, tags: [] } })).toEqual([])
  expect(dataProblems(kind, { type: 'thrown', data: {} })).toEqual(['this schema throws'])
})

test('a hundred problems at most are told', () => {
  const tags = Array.from({ length: 300 }, () => 'x')
  expect(dataProblems(kind, { type: 'placed', data: { city: 'Oslo', count: 1, tags } })).toHaveLength(100)
})
