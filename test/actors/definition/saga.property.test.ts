import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { defineKind, defineTask } from '../../../actors/definition/define-kind.ts'
import { saga, type SagaStep } from '../../../actors/definition/saga.ts'
import { explore, fails, given } from '../../../infra/testkit.ts'
import { order } from '../../support/order-saga-config.ts'
import { cases } from '../../support/property-cases.ts'

const receipt = (name: string) => ({ receipt: `${name}-1` })
const order1 = () =>
  given(order)
    .task('reserve', receipt('reservation'))
    .task('charge', receipt('payment'))
    .task('ship', receipt('parcel'))
    .task('release', receipt('released'))
    .task('refund', receipt('refunded'))

describe('an order', () => {
  test('is done where all steps are, each with what the one before gave', () => {
    order1().when('ordered', {}).thenState('shipped').thenContext({ reservation: 'reservation-1', payment: 'payment-1', problem: '' })
  })

  test('is undone from the step that failed backwards', () => {
    const noPay = order1().task('charge', fails('no_money')).when('ordered', {})
    noPay.thenState('cancelled').thenContext({ problem: 'charge: no_money; ' })
    order1().task('ship', fails('no_van')).when('ordered', {}).thenState('cancelled').thenContext({ problem: 'ship: no_van; ' })
    order1().task('reserve', fails('sold_out')).when('ordered', {}).thenState('cancelled').thenContext({ problem: 'reserve: sold_out; ' })
  })

  test('that cannot be undone is for a person', () => {
    const stuck = order1().task('ship', fails('no_van')).task('refund', fails('bank_closed')).when('ordered', {})
    stuck.thenState('attention').thenContext({ problem: 'ship: no_van; refund: bank_closed; ', reservation: 'reservation-1' })
  })

  test('has no fault that a walk finds', () => {
    explore(order)
  })
})

const STEPS_MAX = 6
const names = Array.from({ length: STEPS_MAX }, (_, index) => `s${index}`)
const numbered = defineTask({
  input: z.object({}),
  output: z.object({}),
  deadlineMs: 60_000,
  attemptsMax: 1,
  concurrencyMax: 1,
  run: async () => ({}),
})
const tasks = Object.fromEntries(
  names.flatMap((name) => [
    [name, numbered],
    [`un-${name}`, numbered],
  ]),
)
const kind = defineKind({ name: 'steps', version: 1, context: z.object({}), events: { go: z.object({}) }, emits: {}, tasks })
const step = (name: string, isUndone: boolean): SagaStep<typeof kind.xstate> => ({
  do: { task: name, input: () => ({}) },
  ...(isUndone && { undo: { task: `un-${name}`, input: () => ({}) } }),
})
const ends = { done: 'done', undone: 'undone', stuck: 'stuck' }
const machineOf = (steps: readonly SagaStep<typeof kind.xstate>[]) =>
  kind.with(
    setup(kind.xstate).createMachine({
      id: 'steps',
      context: {},
      initial: 'new',
      states: { new: { on: { go: 's0' } }, ...saga<typeof kind.xstate>(steps, ends), done: {}, undone: {}, stuck: {} },
    }),
  )

/** What a saga should call, in order, and where it ends. */
function expected(
  undos: readonly boolean[],
  failing: string | undefined,
  failingUndo: string | undefined,
): { calls: string[]; end: string } {
  const calls: string[] = []
  for (const [index] of undos.entries()) {
    calls.push(`s${index}`)
    if (failing !== `s${index}`) continue
    for (let before = index - 1; before >= 0; before--) {
      if (undos[before] !== true) continue
      calls.push(`un-s${before}`)
      if (failingUndo === `un-s${before}`) return { calls, end: 'stuck' }
    }
    return { calls, end: 'undone' }
  }
  return { calls, end: 'done' }
}

const maybe = (prefix: string) =>
  fc.option(
    fc.nat({ max: STEPS_MAX - 1 }).map((index) => `${prefix}${index}`),
    { nil: undefined },
  )

test('any saga does its steps in order, undoes each once in reverse order, and nothing else', () => {
  const undone = fc.array(fc.boolean(), { minLength: 1, maxLength: STEPS_MAX })
  fc.assert(
    fc.property(undone, maybe('s'), maybe('un-s'), (undos, failing, failingUndo) => {
      const machine = machineOf(undos.map((isUndone, index) => step(`s${index}`, isUndone)))
      const run = Object.keys(tasks)
        .reduce((scenario, name) => scenario.task(name, name === failing || name === failingUndo ? fails('no') : {}), given(machine))
        .when('go', {})
      const { calls, end } = expected(undos, failing, failingUndo)
      run.thenState(end)
      expect(run.records.flatMap(({ started }) => started.map(({ task }) => task))).toEqual(calls)
    }),
    { numRuns: cases(300) },
  )
})

test('two tasks that would have one state are refused, unless one is named', () => {
  const twice = [step('s0', false), step('s0', false)]
  expect(() => machineOf(twice)).toThrow('two tasks of a saga would have the state "s0"; give one of them another name by "state"')
  const named = [step('s0', false), { do: { task: 's0', input: () => ({}), state: 'again' } }]
  given(machineOf(named)).task('s0', {}).when('go', {}).thenState('done')
})
