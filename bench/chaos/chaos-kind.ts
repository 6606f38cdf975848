import { setTimeout as delay } from 'node:timers/promises'
import { assign, emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../actors/definition/define-kind.ts'
import { send } from '../../actors/definition/send-action.ts'
import { TerminalError } from '../../schemas/errors.ts'

/**
 * The kind that chaos runs put to the test: counts that depend on the order, tasks, timers, events, sends, and an end. The checker
 * has a model of its own of it (check/model.ts), which must be changed with it and must not be made from it.
 */

/** The order of all that an actor took counts: whatever is left out, doubled or swapped shows in every later value. */
const folded = (fold: number, by: number): number => (fold * 31 + by) % 1_000_000_007

/** With chance alone, one run in some ten thousand would fail until its deadline, and look like one that was lost. */
const FLAWS_MAX = 5
/** Failures of flaky runs in this process. */
const flaws = new Map<string, number>()
function mayFail(key: string): boolean {
  const before = flaws.get(key) ?? 0
  const fails = before < FLAWS_MAX && Math.random() < 0.5
  if (fails) flaws.set(key, before + 1)
  else flaws.delete(key)
  return fails
}

const work = z.object({ key: z.number(), ms: z.number(), mode: z.enum(['fine', 'flaky', 'fails', 'hangs']) })
const longWork = (deadlineMs: number, attemptsMax: number) => defineTask({
  input: work,
  output: z.object({ value: z.number() }),
  deadlineMs, attemptsMax,
  concurrencyMax: 256,
  async run({ input: { key, ms, mode }, key: run, signal }) {
    await delay(mode === 'hangs' ? 2 * deadlineMs : ms, undefined, { signal })
    if (mode === 'fails') throw new TerminalError('not_to_be_done', 'it never succeeds')
    if (mode === 'flaky' && mayFail(run)) throw new Error('not this time')
    return { value: key * 2 + 1 }
  },
})

const kind = defineKind({
  name: 'chaos',
  version: 1,
  context: z.object({ count: z.number(), fold: z.number(), nap: z.number(), naps: z.number(), done: z.number(), failed: z.number() }),
  events: {
    add: z.object({ by: z.number() }),
    work,
    /** Work that a lost runner's successor has time for. */
    labour: work,
    drop: z.object({}),
    doze: z.object({ ms: z.number() }),
    wake: z.object({}),
    tell: z.object({ to: z.string(), by: z.number() }),
    heard: z.object({ by: z.number() }),
    throw: z.object({}),
    quit: z.object({}),
  },
  emits: {
    counted: z.object({ count: z.number(), fold: z.number() }),
    worked: z.object({ value: z.number() }),
    woke: z.object({ naps: z.number() }),
  },
  tasks: { toil: longWork(5_000, 4), labour: longWork(150_000, 20) },
  label: ({ count }) => ({ count }),
})

export default [kind.with(setup({ ...kind.xstate, delays: { nap: ({ context }) => context.nap } }).createMachine({
  id: 'chaos',
  context: { count: 0, fold: 0, nap: 0, naps: 0, done: 0, failed: 0 },
  initial: 'idle',
  on: {
    add: {
      actions: [
        assign(({ context, event }) => ({ count: context.count + 1, fold: folded(context.fold, event.data.by) })),
        emit(({ context }) => ({ type: 'counted', data: { count: context.count, fold: context.fold } })),
      ],
    },
    heard: { actions: assign(({ context, event }) => ({ count: context.count + 1, fold: folded(context.fold, event.data.by) })) },
    tell: {
      actions: [
        assign(({ context, event }) => ({ fold: folded(context.fold, event.data.by) })),
        send(({ event }) => ({ kind: 'chaos', id: event.data.to, type: 'heard', data: { by: event.data.by } })),
      ],
    },
    throw: { actions: assign(() => { throw new Error('this input is poison') }) },
    quit: '.over',
  },
  states: {
    idle: { on: { work: 'working', labour: 'labouring', doze: 'dozing' } },
    working: {
      invoke: {
        id: 'job', src: 'toil', input: ({ event }) => (event.type === 'work' ? event.data : { key: 0, ms: 0, mode: 'fine' as const }),
        onDone: {
          target: 'idle',
          actions: [
            assign(({ context, event }) => ({ done: context.done + 1, fold: folded(context.fold, event.output.value) })),
            emit(({ event }) => ({ type: 'worked', data: { value: event.output.value } })),
          ],
        },
        onError: { target: 'idle', actions: assign(({ context }) => ({ failed: context.failed + 1 })) },
      },
      on: { drop: 'idle' },
    },
    labouring: {
      // The same id as the other's: results must be told apart by their runs.
      invoke: {
        id: 'job', src: 'labour', input: ({ event }) => (event.type === 'labour' ? event.data : { key: 0, ms: 0, mode: 'fine' as const }),
        onDone: {
          target: 'idle',
          actions: [
            assign(({ context, event }) => ({ done: context.done + 1, fold: folded(context.fold, event.output.value) })),
            emit(({ event }) => ({ type: 'worked', data: { value: event.output.value } })),
          ],
        },
        onError: { target: 'idle', actions: assign(({ context }) => ({ failed: context.failed + 1 })) },
      },
      on: { drop: 'idle' },
    },
    dozing: {
      entry: assign(({ context, event }) => (event.type === 'doze' ? { nap: event.data.ms } : { nap: context.nap })),
      after: {
        nap: {
          target: 'idle',
          actions: [
            assign(({ context }) => ({ naps: context.naps + 1, fold: folded(context.fold, 7) })),
            emit(({ context }) => ({ type: 'woke', data: { naps: context.naps } })),
          ],
        },
      },
      // Another visit, with a timer of its own.
      on: { wake: 'idle', doze: { target: 'dozing', reenter: true } },
    },
    over: { type: 'final' },
  },
}))]
