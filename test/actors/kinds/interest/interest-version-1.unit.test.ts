import fc from 'fast-check'
import { expect, test } from 'vitest'
import { actorAfter, newActor } from '../../../../actors/core/actor.ts'
import { replayRecord } from '../../../../actors/core/replay.ts'
import { kindsByName } from '../../../../actors/definition/kind.ts'
import { loadCatalogue } from '../../../../actors/kinds/interest/catalogue.ts'
import { createInterest } from '../../../../actors/kinds/interest/kind.ts'
import { historyEvents, playHistory } from '../../../support/actor-histories.ts'
import { interest } from '../../../support/generators.ts'
import { createInterestVersion1 } from '../../../support/interest-version-1-kind.ts'
import { cases } from '../../../support/property-cases.ts'

const today = kindsByName([createInterest(loadCatalogue())])
const generators = { ...interest, kind: createInterestVersion1(loadCatalogue()) }

test('version 2 decides what version 1 recorded in the same way', () => {
  fc.assert(
    fc.property(historyEvents(generators, 60), (events) => {
      const { records } = playHistory(generators, events)
      let before = newActor({ tenant: 'acme', kind: 'interest', id: 'a1' })
      for (const record of records) {
        // A history invents results that no task runner sends; their rejections do not say that they came from inside.
        const isInvented = record.outcome === 'rejected' && record.input.type.startsWith('task.')
        const replayed = replayRecord(today, before, record)
        if (!isInvented) expect(replayed.kind === 'differs' ? replayed.deviation : 'same').toBe('same')
        before = actorAfter(before.address, record)
      }
    }),
    { numRuns: cases(50) },
  )
})
