import { once } from 'node:events'
import { emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../actors/definition/define-kind.ts'

/** Holds the runs of `work` until the test lets them end. */
export interface Works {
  /** Actors whose run is under way, in the order of their starts. */
  readonly running: readonly string[]
  /** Runs that were started, in all. */
  readonly started: readonly string[]
  /** Ends the run of an actor. */
  end(id: string): void
}

const placed = z.object({ place: z.number(), expectedMs: z.number().nullable() })

/** A kind whose task `work` waits for one of two places in the cluster, while `place` tells where it is. */
export function createQueuedKind() {
  const started: string[] = []
  const waiting = new Map<string, AbortController>()
  const kind = defineKind({
    name: 'queued',
    version: 1,
    context: z.object({}),
    events: { go: z.object({}), stop: z.object({}) },
    emits: { placed, worked: z.object({}) },
    tasks: {
      work: defineTask({
        input: z.object({}),
        output: z.object({}),
        deadlineMs: 600_000,
        attemptsMax: 1,
        concurrencyMax: 2,
        tellsPlaces: true,
        async run({ actor: { id }, signal }) {
          const ending = new AbortController()
          started.push(id)
          waiting.set(id, ending)
          await once(AbortSignal.any([signal, ending.signal]), 'abort')
          waiting.delete(id)
          return {}
        },
      }),
      place: defineTask({
        input: z.object({}),
        output: placed,
        deadlineMs: 60_000,
        attemptsMax: 5,
        concurrencyMax: 8,
        async run({ placeInQueue, tellPlaces }) {
          const now = await placeInQueue('work')
          tellPlaces('work', now)
          return { place: now.place, expectedMs: now.expectedMs }
        },
      }),
    },
  })
  const works: Works = {
    get running() {
      return [...waiting.keys()]
    },
    started,
    end: (id) => waiting.get(id)?.abort(),
  }
  const withMachine = kind.with(
    setup({
      ...kind.xstate,
      actions: { tell: emit((_, data: z.infer<typeof placed>) => ({ type: 'placed', data })), done: emit({ type: 'worked', data: {} }) },
    }).createMachine({
      context: {},
      initial: 'idle',
      states: {
        idle: { on: { go: 'waiting' } },
        waiting: {
          on: { stop: 'stopped' },
          invoke: [
            { id: 'work', src: 'work', input: {}, onDone: { target: 'worked', actions: 'done' }, onError: 'stopped' },
            {
              id: 'place',
              src: 'place',
              input: {},
              onDone: { actions: { type: 'tell', params: ({ event }) => event.output } },
              onError: {},
            },
          ],
        },
        worked: { type: 'final' },
        stopped: { type: 'final' },
      },
    }),
  )
  return { kind: withMachine, works }
}
