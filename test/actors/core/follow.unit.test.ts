import { expect, test } from 'vitest'
import { type Actor, newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import { sentToFollower } from '../../../actors/core/follow.ts'
import { kindsByName } from '../../../actors/definition/kind.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import type { Origin } from '../../../schemas/subjects.ts'
import { createCounterKind } from '../../support/desk-kind.ts'

const KINDS = kindsByName([createCounterKind('sales')])
const ADDRESS = { tenant: 'acme', kind: 'sales', id: 'c1' }
const FRONT = 'colloquy/acme/front/c1'
const message = (seq: number, origin: Origin, more: object) => ({
  seq,
  ts: new Date(Date.parse('2026-01-01T00:00:00Z') + seq).toISOString(),
  payload: Buffer.from(JSON.stringify({ type: 'message.received', data: { role: 'user', text: 'Hi' }, ...more })),
  subject: 'in.acme.sales.c1',
  origin,
  addressable: true,
})
function decided(actor: Actor, seq: number, origin: Origin, more: object): { record: LogRecord; next: Actor } {
  const at = message(seq, origin, more)
  const decision = decide(KINDS, actor, at, { now: at.ts, low: 0 }, true)
  if (decision.kind !== 'record' || decision.next === undefined) throw new Error('no record')
  return { record: decision.record, next: decision.next }
}
const done = (record: LogRecord, text: string) => ({
  type: 'task.done',
  run: record.started[0]?.run,
  output: { text },
  attempts: 1,
  queueMs: 0,
  durationMs: 0,
})

test('the follower gets events of its types, with their ids, also of later inputs by others', () => {
  const first = decided(newActor(ADDRESS), 1, 'actor', { source: FRONT, id: 'a', follow: 'message.sent other' })
  const reply = decided(first.next, 2, 'internal', done(first.record, 'Hello'))
  const [emitted] = reply.record.emitted
  expect(reply.record.sent).toEqual([{ ...emitted, kind: 'front', actor: 'c1' }])
  const later = decided(reply.next, 3, 'producer', { id: 'b' })
  expect(decided(later.next, 4, 'internal', done(later.record, 'Again')).record.sent).toMatchObject([{ data: { text: 'Again' } }])
})

test('a producer cannot follow, even under the name of an actor', () => {
  const { record } = decided(newActor(ADDRESS), 1, 'producer', { source: FRONT, id: 'a', follow: 'message.sent' })
  expect(record.case.follower).toBeUndefined()
})

test('the last actor that asked follows, and a rejected input changes nothing', () => {
  const first = decided(newActor(ADDRESS), 1, 'actor', { source: FRONT, id: 'a', follow: 'message.sent' })
  const second = decided(first.next, 2, 'actor', { source: 'colloquy/acme/other/c1', id: 'b', follow: 'case.closed' })
  expect(second.record.case.follower).toEqual({ kind: 'other', id: 'c1', types: ['case.closed'] })
  const at = message(3, 'actor', { source: FRONT, id: 'c', follow: 'message.sent', data: { text: 7 } })
  const rejected = decide(KINDS, second.next, at, { now: at.ts, low: 0 }, true)
  expect(rejected).toMatchObject({ record: { outcome: 'rejected', case: { follower: { kind: 'other' } } } })
})

test('more effects than a record has sequences for are refused', () => {
  const emitted = Array.from({ length: LIMITS.effectsMax / 2 + 1 }, (_, index) => ({ id: `e${index}`, type: 'x', data: {} }))
  const follower = { kind: 'front', id: 'c1', types: ['x'] }
  expect(() => sentToFollower(follower, emitted, [])).toThrow('more than 256 effects')
  expect(sentToFollower(follower, emitted.slice(1), [])).toHaveLength(LIMITS.effectsMax / 2)
})
