import { assign, createMachine } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask, type Kind } from '../../actors/definition/define-kind.ts'
import type { OnTaskError } from '../../actors/definition/kind.ts'

const task = defineTask({
  input: z.unknown(),
  output: z.unknown(),
  deadlineMs: 30 * 60_000,
  attemptsMax: 1,
  concurrencyMax: 1,
  run: async () => null,
})

interface Port {
  readonly tasks?: readonly string[]
  readonly events?: readonly string[]
  /** What the machine was written with, beside its actors: guards and delays. */
  readonly with?: object
  /** The machine as it stands, without `onError`. */
  readonly machine: object
}

const CONTEXT = z.looseObject({})
const READING = z.object({ output: z.looseObject({}) })
const outputOf = (event: unknown) => READING.parse(event).output
const dataOf = (event: unknown) => z.object({ data: z.looseObject({}) }).parse(event).data

/**
 * Ten workflows in the shapes of XState's own examples, whose names the keys are; none has an `onError` that its model lacks. Each is
 * written anew here.
 */
export const PORTS = {
  'workflow-hello': { machine: { initial: 'greeted', states: { greeted: { type: 'final' } }, output: { says: 'good morning' } } },
  'workflow-async-function': {
    tasks: ['mail'],
    machine: {
      context: ({ input }: { input: { id: string } }) => ({ to: input.id }),
      initial: 'mailing it',
      states: {
        'mailing it': {
          invoke: { src: 'mail', input: ({ context }: { context: { to: string } }) => ({ to: context.to }), onDone: 'mailed' },
        },
        mailed: { type: 'final' },
      },
    },
  },
  'workflow-parallel': {
    tasks: ['short', 'long'],
    machine: {
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          states: {
            one: { initial: 'at', states: { at: { invoke: { src: 'short', onDone: 'over' } }, over: { type: 'final' } } },
            other: { initial: 'at', states: { at: { invoke: { src: 'long', onDone: 'over' } }, over: { type: 'final' } } },
          },
          onDone: 'over',
        },
        over: { type: 'final' },
      },
    },
  },
  'workflow-applicant-request': {
    tasks: ['admit', 'decline'],
    events: ['sent'],
    with: { guards: { isAdult: ({ context }: { context: { age: number } }) => context.age >= 18 } },
    machine: {
      context: { age: 21 },
      initial: 'asked',
      states: {
        asked: { on: { sent: [{ guard: 'isAdult', target: 'admitting' }, { target: 'declining' }] } },
        admitting: { invoke: { src: 'admit', onDone: 'over', onError: 'declining' } },
        declining: { invoke: { src: 'decline', input: ({ context }: { context: object }) => ({ context }), onDone: 'over' } },
        over: { type: 'final' },
      },
    },
  },
  'workflow-credit-check': {
    tasks: ['rate', 'open', 'decline'],
    with: { delays: { quarter: 15 * 60_000 } },
    machine: {
      context: { rating: null },
      initial: 'rating',
      states: {
        rating: {
          invoke: { src: 'rate', onDone: { target: 'deciding', actions: assign({ rating: ({ event }) => outputOf(event) }) } },
          after: { quarter: 'late' },
        },
        deciding: {
          always: [
            {
              guard: ({ context }: { context: { rating: { good?: boolean } | null } }) => context.rating?.good === true,
              target: 'opening',
            },
            { target: 'declining' },
          ],
        },
        opening: { invoke: { src: 'open', onDone: 'over' } },
        declining: { invoke: { src: 'decline', onDone: 'over' } },
        over: { type: 'final' },
        late: {},
      },
    },
  },
  'workflow-event-based-service': {
    tasks: ['book'],
    events: ['wanted'],
    machine: {
      context: { animal: null, visit: null },
      initial: 'idle',
      states: {
        idle: { on: { wanted: { target: 'booking', actions: assign({ animal: ({ event }) => dataOf(event)['animal'] }) } } },
        booking: {
          invoke: {
            src: 'book',
            input: ({ context }: { context: { animal: string } }) => ({ animal: context.animal }),
            onDone: { target: 'idle', actions: assign({ visit: ({ event }) => outputOf(event) }) },
          },
        },
      },
    },
  },
  'workflow-monitor-job': {
    tasks: ['begin', 'look', 'praise', 'blame'],
    machine: {
      context: { job: null, is: null },
      initial: 'beginning',
      states: {
        beginning: {
          invoke: { src: 'begin', onDone: { target: 'waiting', actions: assign({ job: ({ event }) => outputOf(event)['job'] }) } },
        },
        waiting: { after: { 5_000: 'looking' } },
        looking: {
          invoke: {
            src: 'look',
            input: ({ context }: { context: { job: unknown } }) => ({ job: context.job }),
            onDone: { target: 'deciding', actions: assign({ is: ({ event }) => outputOf(event)['is'] }) },
          },
        },
        deciding: {
          always: [
            { guard: ({ context }: { context: { is: unknown } }) => context.is === 'good', target: 'praising' },
            { guard: ({ context }: { context: { is: unknown } }) => context.is === 'bad', target: 'blaming' },
            { target: 'waiting' },
          ],
        },
        praising: { invoke: { src: 'praise', onDone: 'over' } },
        blaming: { invoke: { src: 'blame', onDone: 'over' } },
        over: { type: 'final' },
      },
    },
  },
  'workflow-new-patient-onboarding': {
    tasks: ['store', 'assignDoctor', 'schedule'],
    events: ['came'],
    machine: {
      context: { who: null },
      initial: 'idle',
      states: {
        idle: { on: { came: { target: 'welcome', actions: assign({ who: ({ event }) => dataOf(event)['who'] }) } } },
        welcome: {
          initial: 'storing',
          states: {
            storing: {
              invoke: { src: 'store', input: ({ context }: { context: object }) => context, onDone: 'assigning', onError: '#end' },
            },
            assigning: { invoke: { src: 'assignDoctor', onDone: 'scheduling', onError: '#end' } },
            scheduling: { invoke: { src: 'schedule', onDone: 'done', onError: '#end' } },
            done: { type: 'final' },
          },
          onDone: { target: 'over', actions: assign({ who: null }) },
        },
        over: { id: 'end', type: 'final' },
      },
    },
  },
  'workflow-filling-water': {
    machine: {
      context: { has: 0, holds: 4 },
      initial: 'looking',
      states: {
        looking: {
          always: [
            { guard: ({ context }: { context: { has: number; holds: number } }) => context.has < context.holds, target: 'pouring' },
            { target: 'full' },
          ],
        },
        pouring: { after: { 500: { target: 'looking', actions: assign({ has: ({ context }) => context.has + 1 }) } } },
        full: { type: 'final' },
      },
    },
  },
  'workflow-finalize-college-app': {
    tasks: ['finish'],
    events: ['form', 'scores', 'letter'],
    machine: {
      context: { form: false, scores: false, letter: false },
      initial: 'gathering',
      states: {
        gathering: {
          on: {
            form: { actions: assign({ form: true }) },
            scores: { actions: assign({ scores: true }) },
            letter: { actions: assign({ letter: true }) },
          },
          always: { guard: ({ context }: { context: object }) => Object.values(context).every((has) => has === true), target: 'finishing' },
        },
        finishing: { invoke: { src: 'finish', onDone: 'over' } },
        over: { type: 'final' },
      },
    },
  },
} satisfies Record<string, Port>

/** The kind of a workflow: a task for each of its actors, an input for each of its events, and `start` to begin it. */
export function portOf(name: keyof typeof PORTS, onTaskError?: OnTaskError): Kind {
  const { tasks = [], events = [], with: more = {}, machine }: Port = PORTS[name]
  const kind = defineKind({
    name: name.replace('workflow-', ''),
    version: 1,
    context: CONTEXT,
    events: Object.fromEntries(['start', ...events].map((type) => [type, z.looseObject({})])),
    emits: {},
    tasks: Object.fromEntries(tasks.map((src) => [src, task])),
    ...(onTaskError !== undefined && { onTaskError }),
  })
  return kind.with(createMachine({ context: {}, ...machine }, { actors: kind.xstate.actors, ...more }))
}
