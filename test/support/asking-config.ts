import { emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../actors/definition/define-kind.ts'
import { createSupport } from '../../actors/kinds/support/kind.ts'
import { loadArticles } from '../../actors/kinds/support/knowledge.ts'
import { messageReceived, messageSent } from '../../schemas/events.ts'

const field = z.object({
  name: z.string(),
  title: z.string(),
  type: z.string(),
  required: z.boolean(),
  choices: z.array(z.string()).optional(),
})
const form = z.object({ id: z.string(), name: z.string(), title: z.string(), fields: z.array(field) })
const FORM = {
  id: 'f-1',
  name: 'address',
  title: '收货地址',
  fields: [
    { name: 'city', title: 'City', type: 'text', required: true },
    { name: 'floor', title: 'Floor', type: 'number', required: false },
    { name: 'lift', title: 'Lift', type: 'boolean', required: true },
    { name: 'when', title: 'When', type: 'choice', required: true, choices: ['morning', 'evening'] },
  ],
}

const kind = defineKind({
  name: 'asking',
  version: 1,
  context: z.object({}),
  events: {
    'message.received': messageReceived,
    'form.submitted': z.object({ id: z.string(), values: z.record(z.string(), z.unknown()) }),
    'button.pressed': z.object({ id: z.string() }),
  },
  emits: {
    'message.sent': messageSent.extend({ buttons: z.array(z.object({ id: z.string(), label: z.string() })).optional() }),
    'form.asked': form,
    'form.completed': z.object({ id: z.string(), name: z.string() }),
  },
  tasks: {
    write: defineTask({
      input: z.object({}),
      output: z.object({}),
      deadlineMs: 60_000,
      attemptsMax: 1,
      concurrencyMax: 8,
      async run({ live, signal }) {
        live.delta('Your book ')
        live.delta('is on <b>its</b> way')
        const stopped = Promise.withResolvers<void>()
        signal.addEventListener('abort', () => stopped.resolve())
        await stopped.promise
        return {}
      },
    }),
  },
  label: () => ({}),
})

/** A kind that asks by a form, and then by buttons. When it is told to write, it does so until a button is pressed. */
const asking = kind.with(
  setup({
    ...kind.xstate,
    guards: { isToWrite: ({ event }) => event.type === 'message.received' && event.data.text === 'Write' },
    actions: {
      ask: emit({ type: 'form.asked', data: FORM }),
      complete: emit({ type: 'form.completed', data: { id: FORM.id, name: FORM.name } }),
      offer: emit(({ event }) => ({
        type: 'message.sent' as const,
        data: {
          text: `values: ${event.type === 'form.submitted' ? JSON.stringify(event.data.values) : ''}`,
          buttons: [
            { id: 'b-1', label: 'Yes, send it' },
            { id: 'b-2', label: 'No' },
          ],
        },
      })),
      thank: emit(({ event }) => ({
        type: 'message.sent' as const,
        data: {
          text: `pressed ${event.type === 'button.pressed' ? event.data.id : ''}`,
          sources: ['https://shop.example/shipping', 'javascript:alert(1)', '配送.md'].map((source) => ({ source })),
        },
      })),
    },
  }).createMachine({
    id: 'asking',
    context: {},
    initial: 'open',
    states: {
      open: {
        on: {
          'message.received': [{ guard: 'isToWrite', target: 'writing' }, { actions: 'ask' }],
          'form.submitted': { actions: ['complete', 'offer'] },
          'button.pressed': { actions: 'thank' },
        },
      },
      writing: {
        on: { 'button.pressed': { target: 'open', actions: 'thank' } },
        invoke: { src: 'write', id: 'write', input: {}, onDone: 'open', onError: 'open' },
      },
    },
  }),
)

export default [asking, createSupport({ articles: loadArticles() })]
