import { expect, test } from 'vitest'
import { cancel, emit, raise } from 'xstate'
import { LIMITS } from '../../../schemas/limits.ts'
import { live } from '../../support/xstate-examples.ts'

const invoke = (id: string) => ({ id, src: 'job', input: id, onDone: {}, onError: {} })

test('a run that is stopped in the record that started it keeps its id to itself', () => {
  const record = live({
    type: 'parallel',
    states: {
      l: {
        initial: 'a',
        states: { a: { invoke: invoke('x'), after: { 1_000: 'b' }, always: 'b' }, b: { invoke: invoke('z'), after: { 2_000: 'a' } } },
      },
      r: { initial: 'a', states: { a: { invoke: invoke('y'), after: { 3_000: {} } } } },
    },
  }).on('go')
  expect(record.started.map(({ input }) => input).sort()).toEqual(['y', 'z'])
  expect(
    Object.values(record.state?.tasks ?? {})
      .map(({ child }) => child)
      .sort(),
  ).toEqual(['y', 'z'])
  expect(record.timers.map(({ event }) => event).sort()).toEqual(['xstate.after.2000.(machine).l.b', 'xstate.after.3000.(machine).r.a'])
  expect(new Set([...record.started, ...record.timers].map(({ run }) => run)).size).toBe(4)
})

test('a delayed raise without an id can be set any number of times', () => {
  const machine = live({ on: { go: { actions: raise({ type: 'back' }, { delay: 1_000 }) }, back: {} } })
  machine.on('go')
  expect(Object.keys(machine.on('go').state?.timers ?? {})).toHaveLength(2)
})

test('an infinite delay ends at the latest possible time', () => {
  expect(live({ on: { go: { actions: raise({ type: 'back' }, { delay: Infinity }) } } }).on('go').timers).toMatchObject([
    { at: '2099-12-31T23:59:59.999Z' },
  ])
})

test('more effects than the limit are rejected, also where some of them are cancelled again', () => {
  const set = (id: number) => [raise({ type: 'back' }, { delay: 1_000, id: `t${id}` }), cancel(`t${id}`)]
  const actions = (count: number) => Array.from({ length: count }, (_, id) => [...set(id), emit({ type: 'out', data: {} })]).flat()
  expect(live({ on: { go: { actions: actions(LIMITS.effectsMax / 2) } } }).on('go').outcome).toBe('committed')
  expect(live({ on: { go: { actions: actions(LIMITS.effectsMax / 2 + 1) } } }).on('go').error).toMatch(/^too_many_effects: /)
})
