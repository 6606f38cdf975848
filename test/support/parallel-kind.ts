import { assign, cancel, emit, raise, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'
import { defineTask } from '../../actors/definition/task-definition.ts'

const task = () =>
  defineTask({
    input: z.object({ of: z.number() }),
    output: z.object({ gives: z.number() }),
    deadlineMs: 5_000,
    attemptsMax: 1,
    concurrencyMax: 1,
    run: async ({ input }) => ({ gives: input.of }),
  })

/** A machine that is hard to restore after a restart: parallel regions, each with tasks, timers and history states. */
const definition = defineKind({
  name: 'parallel',
  version: 1,
  context: z.object({ sum: z.number(), heard: z.array(z.string()) }),
  events: {
    go: z.object({}),
    stop: z.object({}),
    risk: z.object({}),
    blink: z.object({}),
    poke: z.object({}),
    away: z.object({}),
    back: z.object({}),
    wholly: z.object({}),
    arm: z.object({ ms: z.number().min(0).max(1e6) }),
    disarm: z.object({}),
    hear: z.object({ word: z.string() }),
    quit: z.object({}),
    'message.received': z.object({ role: z.enum(['user', 'agent', 'assistant', 'system']), text: z.string() }),
  },
  emits: { ticked: z.object({ sum: z.number() }), gone: z.object({ to: z.string() }) },
  tasks: { first: task(), second: task(), risky: task() },
  label: ({ sum }) => ({ sum, odd: sum % 2 !== 0 }),
})

const machine = setup(definition.xstate).createMachine({
  id: 'parallel',
  type: 'parallel',
  context: { sum: 0, heard: [] },
  on: { hear: { actions: assign({ heard: ({ context, event }) => [...context.heard, event.data.word].slice(-3) }) } },
  states: {
    work: {
      initial: 'idle',
      on: { quit: '.over' },
      states: {
        idle: { on: { go: 'busy', risk: 'risking', blink: 'blinking' } },
        // Its task and its timer are cancelled before they are started.
        blinking: { invoke: { id: 'job', src: 'first', input: { of: 0 }, onError: 'idle' }, after: { 500: 'idle' }, always: 'idle' },
        busy: {
          initial: 'first',
          after: { 30_000: 'idle' },
          on: { stop: 'idle', go: { target: 'busy', reenter: true } },
          states: {
            first: {
              invoke: {
                id: 'job',
                src: 'first',
                input: ({ context }) => ({ of: context.sum }),
                onError: '#parallel.work.broken',
                onDone: { target: 'second', actions: assign({ sum: ({ context, event }) => context.sum + event.output.gives }) },
              },
            },
            // The same id as the task before it: their runs must tell the results apart.
            second: {
              invoke: { id: 'job', src: 'second', input: { of: 2 }, onDone: '#parallel.work.idle', onError: '#parallel.work.broken' },
            },
          },
        },
        // Its error has a transition only while the sum is 0; otherwise it ends the actor.
        risking: {
          invoke: {
            id: 'risk',
            src: 'risky',
            input: { of: 1 },
            onDone: 'idle',
            onError: { guard: ({ context }) => context.sum === 0, target: 'idle' },
          },
          on: { stop: 'idle' },
        },
        broken: { after: { 1_000: 'idle' }, on: { go: 'busy' } },
        over: { type: 'final' },
      },
    },
    mood: {
      initial: 'calm',
      on: { quit: '.over' },
      states: {
        calm: { on: { poke: 'upset' } },
        upset: {
          initial: 'little',
          on: { away: 'elsewhere' },
          states: {
            little: { on: { poke: 'big' }, after: { 5_000: '#parallel.mood.calm' } },
            big: { initial: 'loud', states: { loud: { on: { poke: 'silent' } }, silent: { after: { 7_000: 'loud' } } } },
            again: { type: 'history' },
            whollyAgain: { type: 'history', history: 'deep' },
          },
        },
        elsewhere: {
          entry: emit({ type: 'gone', data: { to: 'elsewhere' } }),
          // Its result does not exit the state.
          invoke: {
            id: 'watch',
            src: 'second',
            input: { of: 3 },
            onError: 'calm',
            onDone: { actions: assign({ sum: ({ context, event }) => context.sum + event.output.gives }) },
          },
          on: { back: 'upset.again', wholly: 'upset.whollyAgain' },
        },
        over: { type: 'final' },
      },
    },
    clock: {
      initial: 'ticking',
      on: { quit: '.over' },
      states: {
        ticking: {
          after: {
            10_000: {
              target: 'ticking',
              reenter: true,
              actions: [
                assign({ sum: ({ context }) => context.sum + 1 }),
                emit(({ context }) => ({ type: 'ticked', data: { sum: context.sum } })),
              ],
            },
          },
          on: {
            // A second timer with this id replaces the first.
            arm: { actions: raise(ringing, { id: 'alarm', delay: ({ event }) => event.data.ms }) },
            disarm: { actions: cancel('alarm') },
          },
        },
        over: { type: 'final' },
      },
    },
  },
})

function ringing() {
  return { type: 'poke' as const, id: '', time: '', arrivedAt: '', at: '', source: '', data: {} }
}

export const parallelKind = definition.with(machine)
