import { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'
import { defineTask } from '../../actors/definition/task-definition.ts'
import { endThread } from './end-thread.ts'

/** What a run of a task does to its thread. */
export type Chore = 'fine' | 'timer' | 'rejects' | 'emitter' | 'exit' | 'end' | 'blocks'

async function work(how: string): Promise<void> {
  switch (how) {
    case 'timer':
      setTimeout(() => {
        throw new Error('a stray error in a timer')
      }, 10)
      return
    case 'rejects':
      void Promise.reject(new Error('a stray rejection'))
      return
    case 'emitter':
      setTimeout(() => new EventEmitter().emit('error', new Error('a stray event')), 10)
      return
    case 'exit':
      process.exit(3)
      return
    // Past `process.exit`, as native code or a library may.
    case 'end':
      endThread()
      return
    case 'blocks':
      await delay(300)
      for (;;);
    default:
      await delay(1_000)
  }
}

const task = (deadlineMs: number, attemptsMax: number) =>
  defineTask({
    input: z.object({ how: z.string() }),
    output: z.object({}),
    deadlineMs,
    attemptsMax,
    concurrencyMax: 8,
    run: async ({ input }) => {
      await work(input.how)
      return {}
    },
  })

const definition = defineKind({
  name: 'chore',
  version: 1,
  context: z.object({}),
  events: { fine: z.object({ how: z.string() }), risky: z.object({ how: z.string() }) },
  emits: {},
  tasks: { careful: task(60_000, 1), risky: task(2_000, 2), repeated: task(60_000, 2) },
})

export default [
  definition.with(
    setup(definition.xstate).createMachine({
      context: {},
      initial: 'idle',
      states: {
        idle: {
          on: { fine: 'careful', risky: [{ guard: ({ event }) => event.data.how === 'blocks', target: 'risky' }, { target: 'repeated' }] },
        },
        careful: { invoke: { src: 'careful', id: 'careful', input: { how: 'fine' }, onDone: 'done', onError: 'failed' } },
        risky: {
          invoke: {
            src: 'risky',
            id: 'risky',
            input: ({ event }) => ({ how: event.type === 'risky' ? event.data.how : '' }),
            onDone: 'done',
            onError: 'failed',
          },
        },
        repeated: {
          invoke: {
            src: 'repeated',
            id: 'repeated',
            input: ({ event }) => ({ how: event.type === 'risky' ? event.data.how : '' }),
            onDone: 'done',
            onError: 'failed',
          },
        },
        done: {},
        failed: {},
      },
    }),
  ),
]
