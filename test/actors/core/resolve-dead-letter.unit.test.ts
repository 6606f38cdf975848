import { expect, test } from 'vitest'
import { newActor, type Actor } from '../../../actors/core/actor.ts'
import { shapeOf } from '../../../pipeline/dead-letters/dead-letter-causes.ts'
import { resolutionHeader, type ResolutionRequest } from '../../../schemas/dead-letter-resolution.ts'
import { recordSchema, type LogRecord } from '../../../schemas/record.ts'
import { address, decideOn, message, play, recordOf, timeAt } from '../../support/core-helpers.ts'

const fresh = newActor(address)
const spin = { type: 'spin', data: {} }
const add = { type: 'add', data: { by: 2 } }

/** What is sent about a letter that came of `record`, at LOG sequence 40. */
const about = (record: LogRecord, more: Partial<ResolutionRequest> = {}): string => resolutionHeader({
  end: 'redriven', deadSeq: 3, logSeq: 40, inboxSeq: record.inbox.seq, ts: record.inbox.ts, id: record.input.id, at: record.at,
  reason: record.reason ?? 'unknown_kind', subject: record.subject ?? 'in.acme.toy.a1', error: record.error ?? '', ...more,
})
const redrive = (seq: number, body: unknown, header: string) => message(seq, body, { origin: 'actor', resolution: header })
/** The record of an unknown kind, as a host without it would have made it. */
const unknown = (body: object): LogRecord => ({
  ...recordOf(fresh, message(5, spin)), reason: 'unknown_kind', payload: JSON.stringify(body), error: 'no kind "toy" here',
})
const lastOf = (actor: Actor, ...messages: readonly Parameters<typeof redrive>[]) =>
  play(messages.map((one) => redrive(...one)), actor).records.map(({ input, label, outcome }) => [input.type, input.id, input.data?.['nothing'], outcome, label['count']])

test('a redriven original is decided as if it came now, under its first id and time, and its record carries the letter', () => {
  const letter = unknown(add)
  const record = recordOf(fresh, redrive(90, add, about(letter)))
  expect(recordSchema.safeParse(record).error).toBeUndefined()
  expect(record).toMatchObject({
    outcome: 'committed', inbox: { seq: 90 }, input: { type: 'add', id: 'seq:5', time: timeAt(5) }, label: { count: 2 },
    resolves: { end: 'redriven', deadSeq: 3, logSeq: 40, inboxSeq: 5, reason: 'unknown_kind', payload: JSON.stringify(add) },
  })
})

test('the same letter once more leaves a note and does nothing, unless it is forced', () => {
  const header = about(unknown(add))
  const forced = about(unknown(add), { force: true })
  expect(lastOf(fresh, [90, add, header], [91, add, header], [92, add, forced])).toEqual([
    ['add', 'seq:5', undefined, 'committed', 2], ['dead.redriven', 'dead.redriven:40', 'again', 'committed', 2], ['add', 'seq:5', undefined, 'committed', 4],
  ])
})

test('an original whose id is committed meanwhile is a repeat, also where it is forced', () => {
  const own = { ...add, id: 'm-1' }
  const { actor } = play([message(80, own)])
  expect(lastOf(actor, [90, own, about(unknown(own))], [91, own, about(unknown(own), { force: true })])).toMatchObject([
    ['dead.redriven', 'dead.redriven:40', 'repeat', 'committed', 2], ['dead.redriven', 'dead.redriven:40', 'repeat', 'committed', 2],
  ])
})

test('a letter from inside is decided as from inside: what nobody waits for is ignored, and says so', () => {
  const outcome = { type: 'task.done', run: 'gone', attempts: 1, queueMs: 0, durationMs: 1, output: {} }
  expect(lastOf(fresh, [90, outcome, about(unknown(add), { subject: 'int.acme.toy.a1', reason: 'poison' })])).toMatchObject([
    ['dead.redriven', 'dead.redriven:40', 'ignored', 'committed', undefined],
  ])
})

test('one that is rejected again resolves its letter and is remembered', () => {
  const { actor, records } = play([redrive(90, spin, about(unknown(spin)))])
  expect(records[0]).toMatchObject({ outcome: 'rejected', reason: 'poison', subject: 'in.acme.toy.a1', resolves: { logSeq: 40 } })
  expect(lastOf(actor, [91, spin, about(unknown(spin))])).toMatchObject([['dead.redriven', 'dead.redriven:40', 'again', 'committed', undefined]])
})

test('a dropped one moves nothing, and starts no machine', () => {
  expect(recordOf(fresh, redrive(90, add, about(unknown(add), { end: 'dropped' })))).toMatchObject({
    input: { type: 'dead.dropped', source: 'colloquy', data: { letter: 40, position: 5 } }, state: null, status: 'none', machine: '', emitted: [], seen: { ids: '' },
  })
})

test('a header that is none of ours is ignored', () => {
  expect(decideOn(fresh, redrive(90, add, 'rubbish'))).toEqual({ kind: 'ignored', why: 'not_internal' })
})

test.each([
  ['data.by: Invalid input: expected number, received string', 'data.by: Invalid input: expected number, received string'],
  ['300123 bytes; an input may have 262144', '… bytes; an input may have …'],
  ['no order 0b9c3b1e-52f0-4f43-9d6e-3a4f6a0ad111 at 2026-11-20T10:00:00.000Z', 'no order … at …'],
  ['state facade was deadbeef01', 'state facade was …'],
])('errors of one cause have one shape: %s', (error, shape) => {
  expect(shapeOf(error)).toBe(shape)
})
