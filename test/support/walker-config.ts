import { once } from 'node:events'
import { emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../actors/definition/define-kind.ts'

/** How far the first attempt comes before its process is lost. */
export const REACHED = { miles: 7, 到: '第七里' }

const reached = z.looseObject({})
const kind = defineKind({
  name: 'walker',
  version: 1,
  context: z.object({}),
  events: { start: z.object({}) },
  emits: { arrived: z.object({ attempt: z.number(), from: reached }) },
  tasks: {
    walk: defineTask({
      input: z.object({}),
      output: z.object({ attempt: z.number(), from: reached }),
      deadlineMs: 120_000,
      attemptsMax: 5,
      concurrencyMax: 4,
      async run({ attempt, lastProgress, progress, signal }) {
        if (lastProgress !== undefined) return { attempt, from: reached.parse(lastProgress) }
        progress(REACHED)
        await once(signal, 'abort')
        throw signal.reason
      },
    }),
  },
})

/** A kind whose task goes on where an attempt that told its progress was lost. */
export default [
  kind.with(
    setup({
      ...kind.xstate,
      actions: {
        tell: emit((_, { attempt, from }: { attempt: number; from: z.infer<typeof reached> }) => ({
          type: 'arrived',
          data: { attempt, from },
        })),
      },
    }).createMachine({
      context: {},
      initial: 'resting',
      states: {
        resting: { on: { start: 'walking' } },
        walking: {
          invoke: {
            src: 'walk',
            input: {},
            onDone: { target: 'there', actions: { type: 'tell', params: ({ event }) => event.output } },
            onError: 'lost',
          },
        },
        there: { type: 'final' },
        lost: { type: 'final' },
      },
    }),
  ),
]
