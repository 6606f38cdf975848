import { expect, test } from 'vitest'
import { type Actor, newActor } from '../../../actors/core/actor.ts'
import { shapeOf } from '../../../pipeline/dead-letters/dead-letter-causes.ts'
import { resolutionHeader, type ResolutionRequest } from '../../../schemas/dead-letter-resolution.ts'
import { type LogRecord, recordSchema } from '../../../schemas/record.ts'
import { address, decideOn, message, play, recordOf, timeAt } from '../../support/core-helpers.ts'

const fresh = newActor(address)
const spin = { type: 'spin', data: {} }
const add = { type: 'add', data: { by: 2 } }

/** The request header for the dead letter of `record`, at LOG sequence 40. */
const about = (record: LogRecord, more: Partial<ResolutionRequest> = {}): string =>
  resolutionHeader({
    end: 'redriven',
    deadSeq: 3,
    logSeq: 40,
    inboxSeq: record.inbox.seq,
    ts: record.inbox.ts,
    id: record.input.id,
    at: record.at,
    reason: record.reason ?? 'unknown_kind',
    subject: record.subject ?? 'in.acme.toy.a1',
    error: record.error ?? '',
    ...more,
  })
const redrive = (seq: number, body: unknown, header: string) => message(seq, body, { origin: 'actor', resolution: header })
/** The rejection as unknown_kind, as a host without the kind would have recorded it. */
const unknown = (body: object): LogRecord => ({
  ...recordOf(fresh, message(5, spin)),
  reason: 'unknown_kind',
  payload: JSON.stringify(body),
  error: 'no kind "toy" here',
})
const lastOf = (actor: Actor, ...messages: readonly Parameters<typeof redrive>[]) =>
  play(
    messages.map((one) => redrive(...one)),
    actor,
  ).records.map(({ input, label, outcome }) => [input.type, input.id, input.data?.['nothing'], outcome, label['count']])

test('a redriven original is decided as if it arrived now, with its first id and time, and its record names the dead letter', () => {
  const rejected = unknown(add)
  const record = recordOf(fresh, redrive(90, add, about(rejected)))
  expect(recordSchema.safeParse(record).error).toBeUndefined()
  expect(record).toMatchObject({
    outcome: 'committed',
    inbox: { seq: 90 },
    input: { type: 'add', id: 'seq:5', time: timeAt(5) },
    label: { count: 2 },
    resolves: { end: 'redriven', deadSeq: 3, logSeq: 40, inboxSeq: 5, reason: 'unknown_kind', payload: JSON.stringify(add) },
  })
})

test('a second redrive leaves a note and has no effect, unless it is forced', () => {
  const header = about(unknown(add))
  const forced = about(unknown(add), { force: true })
  expect(lastOf(fresh, [90, add, header], [91, add, header], [92, add, forced])).toEqual([
    ['add', 'seq:5', undefined, 'committed', 2],
    ['dead.redriven', 'dead.redriven:40', 'again', 'committed', 2],
    ['add', 'seq:5', undefined, 'committed', 4],
  ])
})

test('an original whose id has been committed meanwhile is a duplicate, also where it is forced', () => {
  const own = { ...add, id: 'm-1' }
  const { actor } = play([message(80, own)])
  expect(lastOf(actor, [90, own, about(unknown(own))], [91, own, about(unknown(own), { force: true })])).toMatchObject([
    ['dead.redriven', 'dead.redriven:40', 'repeat', 'committed', 2],
    ['dead.redriven', 'dead.redriven:40', 'repeat', 'committed', 2],
  ])
})

test('an internal original is decided as internal: a result that nothing waits for is ignored, and the note says so', () => {
  const outcome = { type: 'task.done', run: 'gone', attempts: 1, queueMs: 0, durationMs: 1, output: {} }
  expect(lastOf(fresh, [90, outcome, about(unknown(add), { subject: 'int.acme.toy.a1', reason: 'poison' })])).toMatchObject([
    ['dead.redriven', 'dead.redriven:40', 'ignored', 'committed', undefined],
  ])
})

test('an original that is rejected again resolves its dead letter and is remembered', () => {
  const { actor, records } = play([redrive(90, spin, about(unknown(spin)))])
  expect(records[0]).toMatchObject({ outcome: 'rejected', reason: 'poison', subject: 'in.acme.toy.a1', resolves: { logSeq: 40 } })
  expect(lastOf(actor, [91, spin, about(unknown(spin))])).toMatchObject([
    ['dead.redriven', 'dead.redriven:40', 'again', 'committed', undefined],
  ])
})

test('a dropped dead letter changes no state and starts no machine', () => {
  expect(recordOf(fresh, redrive(90, add, about(unknown(add), { end: 'dropped' })))).toMatchObject({
    input: { type: 'dead.dropped', source: 'colloquy', data: { letter: 40, position: 5 } },
    state: null,
    status: 'none',
    machine: '',
    emitted: [],
    seen: { ids: '' },
  })
})

test('an invalid header is ignored', () => {
  expect(decideOn(fresh, redrive(90, add, 'rubbish'))).toEqual({ kind: 'ignored', why: 'not_internal' })
})

test.each([
  ['data.by: must be a number', 'data.by: must be a number'],
  ['300123 bytes; an input may have 262144', '… bytes; an input may have …'],
  ['no order 0b9c3b1e-52f0-4f43-9d6e-3a4f6a0ad111 at 2026-11-20T10:00:00.000Z', 'no order … at …'],
  ['state facade was deadbeef01', 'state facade was …'],
])('errors with one cause have one shape: %s', (error, shape) => {
  expect(shapeOf(error)).toBe(shape)
})
