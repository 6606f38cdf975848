import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { compiledMachine } from '../../../actors/definition/compiled-machine.ts'
import { defineKind, defineTask } from '../../../actors/definition/define-kind.ts'
import { saga, type SagaStep } from '../../../actors/definition/saga.ts'
import { historyEvents, type KindGenerators, playHistory, replayInMemory } from '../../support/actor-histories.ts'
import { cases } from '../../support/property-cases.ts'

const STEPS_MAX = 4
const LENGTH_MAX = 60

const numbered = defineTask({
  input: z.object({ said: z.string() }),
  output: z.object({ receipt: z.string() }),
  deadlineMs: 60_000,
  attemptsMax: 1,
  concurrencyMax: 1,
  run: async () => ({ receipt: '' }),
})
const names = Array.from({ length: STEPS_MAX }, (_, index) => `s${index}`).flatMap((name) => [name, `un-${name}`])
const kind = defineKind({
  name: 'steps',
  version: 1,
  context: z.object({ said: z.string(), rounds: z.number() }),
  events: { go: z.object({}), note: z.object({}) },
  emits: {},
  tasks: Object.fromEntries(names.map((name) => [name, numbered])),
})
type Setup = typeof kind.xstate

/** How a step is: whether it can be undone, and whether the context keeps its output. */
interface StepShape {
  readonly isUndone: boolean
  readonly isKept: boolean
}

const input = ({ context: { said } }: { readonly context: { readonly said: string } }) => ({ said })
const keep = ({ context, output: { receipt } }: { readonly context: { readonly said: string }; readonly output: { receipt: string } }) => ({
  said: `${context.said}${receipt}`.slice(-20),
})

/** A kind whose saga has these steps. It begins again from each of its ends. */
function kindOf(shapes: readonly StepShape[]): KindGenerators {
  const steps = shapes.map(({ isUndone, isKept }, index): SagaStep<Setup> => ({
    do: { task: `s${index}`, input, ...(isKept && { keep }) },
    ...(isUndone && { undo: { task: `un-s${index}`, input } }),
  }))
  const again = { on: { go: { target: 's0', actions: 'again' } } } as const
  const machine = setup({ ...kind.xstate, actions: { again: assign({ rounds: ({ context }) => context.rounds + 1 }) } }).createMachine({
    id: 'steps',
    context: { said: '', rounds: 0 },
    initial: 'new',
    on: { note: { actions: assign({ said: '注' }) } },
    states: {
      new: again,
      ...saga<Setup>(steps, { done: 'done', undone: 'undone', stuck: 'stuck', keepError: ({ error }) => ({ said: error.code }) }),
      done: again,
      undone: again,
      stuck: again,
    },
  })
  return {
    kind: kind.with(machine),
    inputs: fc.constantFrom(
      ...['go', 'go', 'note'].map((type) => ({ type, data: {} })),
      { type: 'go', data: null },
      { type: 'unheard.of', data: {} },
    ),
    outputs: Object.fromEntries(names.map((name) => [name, [{ receipt: name }, { receipt: '' }, { receipt: 1 }]])),
  }
}

/** The tasks that may follow one that ended: the next step, or the undoing of the last one before it that can be undone. */
function followers(shapes: readonly StepShape[], task: string, status: string): (string | undefined)[] {
  const index = Number(task.replace(/^un-s|^s/, ''))
  const undoing = shapes.findLastIndex(({ isUndone }, at) => at < index && isUndone)
  const undo = undoing < 0 ? undefined : `un-s${undoing}`
  if (task.startsWith('un-')) return [status === 'done' ? undo : undefined]
  return [status === 'done' ? (index + 1 < shapes.length ? `s${index + 1}` : undefined) : undo]
}

const shape = fc.record({ isUndone: fc.boolean(), isKept: fc.boolean() })
const made = { compiled: 0, xstate: 0 }

test('any saga has the same records, byte for byte, whether its transitions are compiled or made by XState, and after any reload', () => {
  const sagas = fc
    .array(shape, { minLength: 1, maxLength: STEPS_MAX })
    .chain((shapes) => fc.tuple(fc.constant(shapes), historyEvents(kindOf(shapes), LENGTH_MAX)))
  fc.assert(
    fc.property(sagas, fc.array(fc.boolean(), { minLength: 1 }), ([shapes, events], evictions) => {
      const generators = kindOf(shapes)
      const pure = compiledMachine(generators.kind.machine, { observe: (by) => void (made[by] += 1) })
      const compiled = { ...generators, kind: { ...generators.kind, pure } }
      const { messages, written, records } = playHistory(generators, events)
      expect(replayInMemory(compiled, messages, () => false)).toEqual(written)
      expect(replayInMemory(compiled, messages, (index) => evictions[index % evictions.length] === true)).toEqual(written)

      // Whatever comes late, twice or broken, each task that ends is followed by the one that the saga names, and by no other.
      for (const { ended, started } of records) {
        const [end] = ended
        const starts = started.map(({ task }) => task)
        if (end === undefined) expect(starts.every((task) => task === 's0')).toBe(true)
        else expect(followers(shapes, end.task, end.status)).toEqual([starts[0]])
        expect(starts.length).toBeLessThan(2)
      }
    }),
    { numRuns: cases(200) },
  )
  expect(made.compiled).toBeGreaterThan(5 * made.xstate)
})
