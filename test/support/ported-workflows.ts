import { type AnyStateMachine, assign, createMachine, fromPromise } from 'xstate'
import { z } from 'zod'
import type { Kind } from '../../actors/definition/kind.ts'
import { kindFromMachine, type MachineOptions } from '../../actors/definition/kind-from-machine.ts'

interface Port {
  readonly tasks?: readonly string[]
  /** What `createActor` gives it. */
  readonly input?: unknown
  /** What the machine was written with, beside its actors: guards and delays. */
  readonly with?: object
  /** The machine as it stands, without `onError`. */
  readonly machine: object
}

const READING = z.object({ output: z.looseObject({}) })
const outputOf = (event: unknown) => READING.parse(event).output
const fieldsOf = (event: unknown) => z.looseObject({}).parse(event)

/**
 * Ten workflows in the shapes of XState's own examples, whose names the keys are; none has an `onError` that its model lacks. No text
 * is theirs.
 */
export const PORTS = {
  'workflow-hello': { machine: { initial: 'greeted', states: { greeted: { type: 'final' } }, output: { says: 'good morning' } } },
  'workflow-async-function': {
    tasks: ['mail'],
    input: { customer: 'ann@example.com' },
    machine: {
      context: ({ input }: { input: { customer: string } }) => ({ to: input.customer }),
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
    input: { age: 21 },
    with: { guards: { isAdult: ({ context }: { context: { age: number } }) => context.age >= 18 } },
    machine: {
      context: ({ input }: { input: { age: number } }) => ({ age: input.age }),
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
    machine: {
      context: { animal: null, visit: null },
      initial: 'idle',
      states: {
        idle: { on: { wanted: { target: 'booking', actions: assign({ animal: ({ event }) => fieldsOf(event)['animal'] }) } } },
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
    input: { job: 'count' },
    machine: {
      context: ({ input }: { input: { job: string } }) => ({ name: input.job, job: undefined, is: undefined }),
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
    machine: {
      context: { who: null },
      initial: 'idle',
      states: {
        idle: { on: { came: { target: 'welcome', actions: assign({ who: ({ event }) => fieldsOf(event)['who'] }) } } },
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
    input: { has: 0, holds: 4 },
    machine: {
      context: ({ input }: { input: object }) => input,
      initial: 'looking',
      states: {
        looking: {
          always: [
            { guard: ({ context }: { context: { has: number; holds: number } }) => context.has < context.holds, target: 'pouring' },
            { target: 'full' },
          ],
        },
        pouring: { after: { 500: { target: 'looking', actions: assign({ has: ({ context }) => Number(context.has) + 1 }) } } },
        full: { type: 'final' },
      },
    },
  },
  'workflow-finalize-college-app': {
    tasks: ['finish'],
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

/** The machine of a workflow as its author would write it for XState, with promises that give their input back. */
export function workflow(name: keyof typeof PORTS): AnyStateMachine {
  const { tasks = [], with: more = {}, machine }: Port = PORTS[name]
  const actors = Object.fromEntries(
    tasks.map((src) => [src, fromPromise(({ input }: { input: unknown }) => Promise.resolve({ done: src, input }))]),
  )
  return createMachine({ context: {}, ...machine }, { actors, ...more })
}

/** Its kind. */
export function portOf(name: keyof typeof PORTS, options: Partial<MachineOptions> = {}): Kind {
  const { input }: Port = PORTS[name]
  return kindFromMachine(workflow(name), { name: name.replace('workflow-', ''), version: 1, input: () => input, ...options })
}
