import { pino } from 'pino'
import { expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { defineKind, kindsByName } from '../../../actors/definition/define-kind.ts'
import { createTriggerKind } from '../../../actors/kinds/trigger/trigger-kind.ts'
import { createAdvise } from '../../../pipeline/producer/advise.ts'

const kindWith = (isText: (text: string) => boolean) => {
  const order = defineKind({
    name: 'order',
    version: 1,
    context: z.object({}),
    events: { 'order.placed': z.object({ text: z.string().refine(isText, 'no text') }) },
    emits: {},
    tasks: {},
    label: () => ({}),
  })
  return order.with(setup(order.xstate).createMachine({ id: 'order', context: {}, on: { 'order.placed': {} } }))
}
const adviseWith = (isText: (text: string) => boolean, lines: string[] = []) =>
  createAdvise({
    kinds: kindsByName([kindWith(isText)]),
    registeredKinds: async () => ['order', 'support'],
    log: pino({}, { write: (line: string) => void lines.push(line) }),
  })
const placed = (text: string) => ({ type: 'order.placed', data: { text } })

test('refused data, an undeclared type and an unknown kind are told, with the nearest name', async () => {
  const advise = adviseWith((text) => text !== '')
  expect(await advise('order', placed('tea'))).toBeUndefined()
  expect(await advise('order', placed(''))).toMatchObject({ code: 'bad_data' })
  expect(await advise('order', { type: 'order.place', data: {} })).toMatchObject({ code: 'undeclared_type' })
  expect(await advise('ordre', placed('tea'))).toMatchObject({ message: expect.stringContaining('did you mean "order"') as string })
  // Another process has it.
  expect(await advise('support', placed('tea'))).toBe('unchecked')
})

test('a kind that a trigger names and nobody has is told with its field', async () => {
  const nowhere = async (): Promise<void> => undefined
  const trigger = createTriggerKind({ channels: { hook: nowhere, chat: nowhere, mail: nowhere } })
  const advise = createAdvise({
    kinds: kindsByName([trigger]),
    registeredKinds: async () => ['order', 'support'],
    log: pino({ level: 'silent' }),
  })
  const watch = (kind: string) => advise('trigger', { type: 'trigger.watch', data: { kind, type: 'message.sent' } })
  expect(await watch('support')).toBeUndefined()
  expect(await watch('suport')).toEqual({ code: 'unknown_kind', message: 'kind: there is no kind "suport"; did you mean "support"?' })
  expect(await watch('rain')).toMatchObject({ message: 'kind: there is no kind "rain"; the kinds are order, support, trigger' })
  const action = { to: 'actor', kind: 'trade', id: 'desk', type: 'order.placed' }
  const data = { series: 'pump', when: 'value > 1.0', escalation: [{ actions: [action] }] }
  expect(await advise('trigger', { type: 'trigger.set', data })).toMatchObject({
    message: expect.stringContaining('escalation.0.actions.0.kind: there is no kind "trade"') as string,
  })
})

test('before any kind is registered, none is said to be unknown', async () => {
  const advise = createAdvise({ kinds: new Map(), registeredKinds: async () => [], log: pino({ level: 'silent' }) })
  expect(await advise('order', placed('tea'))).toBeUndefined()
})

test.each([
  [
    'a loop',
    () => {
      for (;;);
    },
  ],
  ['a regular expression', (text: string) => /^(a+)+$/.test(text)],
])('%s without an end in a schema holds up nobody: its kind gives no advice for a while', async (_, isText) => {
  const lines: string[] = []
  const advise = adviseWith(isText, lines)
  for (let i = 0; i < 100; i++) expect(await advise('order', placed(`${'a'.repeat(60)}b`))).toBeUndefined()
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('needs more than 500 ms')
})
