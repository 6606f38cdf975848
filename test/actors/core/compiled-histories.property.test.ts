import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compiledMachine } from '../../../actors/definition/compiled-machine.ts'
import { historyEvents, type KindGenerators, playHistory, replayInMemory } from '../../support/actor-histories.ts'
import { interest, parallel, reminder, supportDesk, toy } from '../../support/generators.ts'
import { cases } from '../../support/property-cases.ts'

/** Events of one history. */
const LENGTH_MAX = 150

test.each<[string, KindGenerators]>([
  ['toy', toy],
  ['parallel', parallel],
  ['support', supportDesk],
  ['reminder', reminder],
  ['interest', interest],
])('an actor of kind %s has the same records, byte for byte, whether its transitions are compiled or made by XState', (_, generators) => {
  const made = { compiled: 0, xstate: 0 }
  const { kind } = generators
  const compiled = { ...generators, kind: { ...kind, pure: compiledMachine(kind.machine, { observe: (by) => void (made[by] += 1) }) } }
  fc.assert(
    fc.property(historyEvents(generators, LENGTH_MAX), fc.array(fc.boolean(), { minLength: 1 }), (all, evictions) => {
      const { messages, written } = playHistory(generators, all)
      expect(replayInMemory(compiled, messages, () => false)).toEqual(written)
      expect(replayInMemory(compiled, messages, (index) => evictions[index % evictions.length] === true)).toEqual(written)
    }),
    { numRuns: cases(200) },
  )
  expect(made.compiled).toBeGreaterThan(5 * made.xstate)
})
