import { setTimeout as delay } from 'node:timers/promises'
import { assign, emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../actors/definition/define-kind.ts'
import { send } from '../../actors/definition/send-action.ts'
import { TerminalError } from '../../schemas/errors.ts'

/**
 * The kind that chaos runs exercise: order-dependent counts, tasks, timers, events, sends, and a final state. The checker has an
 * independent model of it in check/actor-model.ts: change both together, and never derive one from the other.
 */

/** Adds an input to the value. The value depends on all inputs and their order: a lost, doubled or swapped input changes all later ones. */
const folded = (fold: number, by: number): number => (fold * 31 + by) % 1_000_000_007

/** Max failures of a flaky run. Without it, one flaky run in ten thousand would fail until its deadline and look like a lost run. */
const FLAKY_FAILURES_MAX = 5
/** Failures so far of flaky runs in this process, by run. */
const flakyFailures = new Map<string, number>()
function failsNow(key: string): boolean {
  const before = flakyFailures.get(key) ?? 0
  const fails = before < FLAKY_FAILURES_MAX && Math.random() < 0.5
  if (fails) flakyFailures.set(key, before + 1)
  else flakyFailures.delete(key)
  return fails
}

const work = z.object({ key: z.number(), ms: z.number(), mode: z.enum(['fine', 'flaky', 'fails', 'hangs']) })
const job = (deadlineMs: number, attemptsMax: number) =>
  defineTask({
    input: work,
    output: z.object({ value: z.number() }),
    deadlineMs,
    attemptsMax,
    concurrencyMax: 256,
    async run({ input: { key, ms, mode }, key: run, signal }) {
      await delay(mode === 'hangs' ? 2 * deadlineMs : ms, undefined, { signal })
      if (mode === 'fails') throw new TerminalError('not_to_be_done', 'this work always fails')
      if (mode === 'flaky' && failsNow(run)) throw new Error('this attempt fails')
      return { value: key * 2 + 1 }
    },
  })

const kind = defineKind({
  name: 'chaos',
  version: 1,
  context: z.object({ count: z.number(), fold: z.number(), sleepMs: z.number(), sleeps: z.number(), done: z.number(), failed: z.number() }),
  events: {
    add: z.object({ by: z.number() }),
    work,
    /** Work with a deadline so long that another runner can finish it if the first one is lost. */
    longWork: work,
    cancel: z.object({}),
    sleep: z.object({ ms: z.number() }),
    wake: z.object({}),
    forward: z.object({ to: z.string(), by: z.number() }),
    forwarded: z.object({ by: z.number() }),
    throw: z.object({}),
    /** A decision that does not return, and one that ends its thread. */
    hang: z.object({}),
    exit: z.object({}),
    quit: z.object({}),
  },
  emits: {
    counted: z.object({ count: z.number(), fold: z.number() }),
    worked: z.object({ value: z.number() }),
    woke: z.object({ sleeps: z.number() }),
  },
  tasks: { shortJob: job(5_000, 4), longJob: job(150_000, 20) },
  label: ({ count }) => ({ count }),
})

export default [
  kind.with(
    setup({ ...kind.xstate, delays: { sleepMs: ({ context }) => context.sleepMs } }).createMachine({
      id: 'chaos',
      context: { count: 0, fold: 0, sleepMs: 0, sleeps: 0, done: 0, failed: 0 },
      initial: 'idle',
      on: {
        add: {
          actions: [
            assign(({ context, event }) => ({ count: context.count + 1, fold: folded(context.fold, event.data.by) })),
            emit(({ context }) => ({ type: 'counted', data: { count: context.count, fold: context.fold } })),
          ],
        },
        forwarded: { actions: assign(({ context, event }) => ({ count: context.count + 1, fold: folded(context.fold, event.data.by) })) },
        forward: {
          actions: [
            assign(({ context, event }) => ({ fold: folded(context.fold, event.data.by) })),
            send(({ event }) => ({ kind: 'chaos', id: event.data.to, type: 'forwarded', data: { by: event.data.by } })),
          ],
        },
        throw: {
          actions: assign(() => {
            throw new Error('this input is poison')
          }),
        },
        hang: {
          actions: assign(() => {
            for (;;);
          }),
        },
        exit: { actions: assign(() => process.exit(3)) },
        quit: '.ended',
      },
      states: {
        idle: { on: { work: 'working', longWork: 'workingLong', sleep: 'sleeping' } },
        working: {
          invoke: {
            id: 'job',
            src: 'shortJob',
            input: ({ event }) => (event.type === 'work' ? event.data : { key: 0, ms: 0, mode: 'fine' as const }),
            onDone: {
              target: 'idle',
              actions: [
                assign(({ context, event }) => ({ done: context.done + 1, fold: folded(context.fold, event.output.value) })),
                emit(({ event }) => ({ type: 'worked', data: { value: event.output.value } })),
              ],
            },
            onError: { target: 'idle', actions: assign(({ context }) => ({ failed: context.failed + 1 })) },
          },
          on: { cancel: 'idle' },
        },
        workingLong: {
          // The same id as in `working`: only the run distinguishes the results.
          invoke: {
            id: 'job',
            src: 'longJob',
            input: ({ event }) => (event.type === 'longWork' ? event.data : { key: 0, ms: 0, mode: 'fine' as const }),
            onDone: {
              target: 'idle',
              actions: [
                assign(({ context, event }) => ({ done: context.done + 1, fold: folded(context.fold, event.output.value) })),
                emit(({ event }) => ({ type: 'worked', data: { value: event.output.value } })),
              ],
            },
            onError: { target: 'idle', actions: assign(({ context }) => ({ failed: context.failed + 1 })) },
          },
          on: { cancel: 'idle' },
        },
        sleeping: {
          entry: assign(({ context, event }) => (event.type === 'sleep' ? { sleepMs: event.data.ms } : { sleepMs: context.sleepMs })),
          after: {
            sleepMs: {
              target: 'idle',
              actions: [
                assign(({ context }) => ({ sleeps: context.sleeps + 1, fold: folded(context.fold, 7) })),
                emit(({ context }) => ({ type: 'woke', data: { sleeps: context.sleeps } })),
              ],
            },
          },
          // Re-entering the state starts a new timer.
          on: { wake: 'idle', sleep: { target: 'sleeping', reenter: true } },
        },
        ended: { type: 'final' },
      },
    }),
  ),
]
