import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { actorAfter } from '../../actors/core/actor.ts'
import { replayRecord } from '../../actors/core/replay.ts'
import { kindsByName } from '../../actors/definition/kind.ts'
import { createLogParser } from '../../pipeline/jetstream/log-message.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { recordProblem } from '../../schemas/record-check.ts'
import { encodeRecord, restoreRecord } from '../../schemas/record-form.ts'
import { historyEvents, type KindGenerators, newHistory, playHistory } from '../support/actor-histories.ts'
import { reread } from '../support/core-helpers.ts'
import { fullRecord } from '../support/full-record.ts'
import { parallel, supportDesk, toy } from '../support/generators.ts'
import { cases } from '../support/property-cases.ts'

const parse = createLogParser(undefined)
const stored = (data: Uint8Array) => parse({ seq: 7, subject: 'log.0.acme.toy.a1', data, time: new Date(0) })
const chained = (record: LogRecord): LogRecord => ({ ...record, v: 2, prev: 'p'.repeat(43), salt: 's'.repeat(22) })
const PRIVATE = ['state', 'since', 'seen', 'prev', 'salt'] as const
const publicOf = (record: LogRecord): object =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !PRIVATE.some((one) => one === name)))

/** What each reader makes of the stored bytes. */
function expectRead(record: LogRecord): void {
  const expected = reread(record)
  const data = encodeRecord(record)
  const entry = stored(data)
  expect(entry.bad).toBeUndefined()
  expect(entry.whole()).toEqual(expected)
  expect(entry.record).toEqual(record.v === 1 ? expected : publicOf(expected))
  expect(restoreRecord(JSON.parse(Buffer.from(data).toString()))).toEqual(expected)
}

describe.each<[string, KindGenerators]>([
  ['toy', toy],
  ['parallel', parallel],
  ['support', supportDesk],
])('records of %s', (_, generators) => {
  test('are read from both forms as they were written, in part and whole', () => {
    fc.assert(
      fc.property(historyEvents(generators), (events) => {
        for (const decision of playHistory(generators, events).decisions) {
          if (decision.kind !== 'record') continue
          expectRead(decision.record)
          expectRead(chained(decision.record))
        }
      }),
      { numRuns: cases(30) },
    )
  })

  test('replay alike in both forms, and committed ones as recorded, where an actor has both', () => {
    fc.assert(
      fc.property(historyEvents(generators), fc.nat(10), (events, from) => {
        const kinds = kindsByName([generators.kind])
        let actor = newHistory(generators).actor
        const replayed = (record: LogRecord) => {
          const read = stored(encodeRecord(record)).whole()
          if (read === undefined) throw new Error('a record cannot be read')
          const { next: _next, ...found } = replayRecord(kinds, actor, read)
          return { read, found }
        }
        for (const { record } of playHistory(generators, events).decisions.filter((decision) => decision.kind === 'record')) {
          const [first, second] = [replayed(record), replayed(chained(record))]
          expect(second.found).toEqual(first.found)
          // The generated ends of tasks name a producer's subject, by which a rejection is replayed.
          if (record.outcome === 'committed') expect(first.found.kind).not.toBe('differs')
          actor = actorAfter(actor.address, record.n > from ? second.read : first.read)
        }
      }),
      { numRuns: cases(30) },
    )
  })
})

/** Every object and list inside a value. */
function* partsOf(value: unknown): Generator<object> {
  if (typeof value !== 'object' || value === null) return
  yield value
  for (const inner of Object.values(value)) yield* partsOf(inner)
}

test('a record with every field, or with any part of it empty, is read as it was written', async () => {
  const record = chained(await fullRecord())
  expectRead(record)
  const count = [...partsOf(record)].length
  let read = 0
  for (let index = 0; index < count; index += 1) {
    const copy = structuredClone(record)
    const part = [...partsOf(copy)][index] ?? {}
    if (Array.isArray(part)) part.length = 0
    else for (const name of Object.keys(part)) Reflect.deleteProperty(part, name)
    if (recordProblem(copy) !== undefined) continue
    expectRead(copy)
    read += 1
  }
  expect(read).toBeGreaterThan(15)
})
