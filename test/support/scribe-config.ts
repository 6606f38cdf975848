import { once } from 'node:events'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../actors/definition/define-kind.ts'
import { TerminalError } from '../../schemas/errors.ts'
import { objectReference } from '../../schemas/object-reference.ts'

/** `hangs once`: the first attempt stores an object and then waits until it is aborted. `fails`: it stores one and fails for good. */
const how = z.enum(['returns', 'hangs once', 'hangs', 'fails'])
const asked = z.object({ line: z.string(), times: z.int(), how })

const kind = defineKind({
  name: 'scribe',
  version: 1,
  context: z.object({ text: objectReference.optional(), error: z.string().optional(), read: z.string().optional() }),
  events: { write: asked, read: z.object({ reference: objectReference.optional() }) },
  emits: {},
  tasks: {
    write: defineTask({
      input: asked,
      output: z.object({ lines: z.int(), text: objectReference }),
      deadlineMs: 600_000,
      attemptsMax: 10,
      concurrencyMax: 8,
      retry: { initialMs: 10, maxMs: 10 },
      async run({ input, attempt, store, progress, signal }) {
        const text = await store(`attempt ${attempt}\n${input.line.repeat(input.times)}`)
        progress({ stored: text.object })
        if (input.how === 'hangs' || (input.how === 'hangs once' && attempt === 1)) {
          await once(signal, 'abort')
          throw signal.reason
        }
        if (input.how === 'fails') throw new TerminalError('no_ink', 'it failed after it had stored an object')
        return { lines: input.times, text }
      },
    }),
    read: defineTask({
      input: z.object({ reference: objectReference }),
      output: z.object({ begins: z.string(), bytes: z.int() }),
      deadlineMs: 60_000,
      attemptsMax: 3,
      concurrencyMax: 8,
      async run({ input, object }) {
        const bytes = await object(input.reference)
        return { begins: bytes.toString().slice(0, 30), bytes: bytes.length }
      },
    }),
  },
})

/** A kind whose task writes a large text, and another one reads it. */
export const scribe = kind.with(
  setup({ ...kind.xstate, actions: { noteError: assign((_, { code }: { code: string }) => ({ error: code })) } }).createMachine({
    context: {},
    initial: 'idle',
    on: { write: '.writing', read: '.reading' },
    states: {
      idle: {},
      writing: {
        invoke: {
          src: 'write',
          input: ({ event }) => (event.type === 'write' ? event.data : { line: '', times: 0, how: 'fails' as const }),
          onDone: { target: 'written', actions: assign({ text: ({ event }) => event.output.text }) },
          onError: { target: 'failed', actions: { type: 'noteError', params: ({ event }) => ({ code: codeIn(event.error) }) } },
        },
      },
      written: {},
      reading: {
        invoke: {
          src: 'read',
          input: ({ context, event }) => {
            const reference = (event.type === 'read' ? event.data.reference : undefined) ?? context.text
            if (reference === undefined) throw new Error('nothing is written')
            return { reference }
          },
          onDone: { target: 'wasRead', actions: assign({ read: ({ event }) => `${event.output.begins} ${event.output.bytes}` }) },
          onError: { target: 'failed', actions: { type: 'noteError', params: ({ event }) => ({ code: codeIn(event.error) }) } },
        },
      },
      wasRead: {},
      failed: {},
    },
  }),
)

const codeIn = (error: unknown): string => z.object({ code: z.string() }).parse(error).code

export default [scribe]
