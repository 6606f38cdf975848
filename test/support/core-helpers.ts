import { type Actor, actorAfter, newActor } from '../../actors/core/actor.ts'
import { decide } from '../../actors/core/decide.ts'
import type { Decision, Message } from '../../actors/core/decision.ts'
import { kindsByName } from '../../actors/definition/kind.ts'
import type { TaskCall } from '../../actors/definition/task-definition.ts'
import type { TaskSearchIndex } from '../../actors/definition/task-search.ts'
import { createUnderstanding } from '../../pipeline/understanding/understand.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { tenantSettingsOf } from '../../schemas/tenant-settings.ts'
import { toyKind } from './toy-kind.ts'

export const kinds = kindsByName([toyKind])
export const address = { tenant: 'acme', kind: 'toy', id: 'a1' }
const START = Date.parse('2026-01-01T00:00:00Z')
export const timeAt = (seq: number): string => new Date(START + seq * 1000).toISOString()

/** A producer's message at an INBOX position; its time follows from the position. */
export const message = (seq: number, body: unknown, more: Partial<Message> = {}): Message => ({
  seq,
  ts: timeAt(seq),
  payload: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  subject: 'in.acme.toy.a1',
  origin: 'producer',
  addressable: true,
  ...more,
})
export const internal = (seq: number, body: unknown): Message => message(seq, body, { origin: 'internal' })

export const decideOn = (actor: Actor, at: Message): Decision => decide(kinds, actor, at, { now: at.ts, low: 0, lastSeq: actor.n }, true)

/** The record of a message that must lead to one. */
export function recordOf(actor: Actor, at: Message): LogRecord {
  const decision = decideOn(actor, at)
  if (decision.kind !== 'record') throw new Error(`expected a record, got ${JSON.stringify(decision)}`)
  return decision.record
}

/** A record as LOG returns it. */
export const reread = (record: LogRecord): LogRecord => JSON.parse(JSON.stringify(record)) as LogRecord

/** The actor after some messages, reloaded from each record; with all records on the way. */
export function play(messages: readonly Message[], from: Actor = newActor(address)): { actor: Actor; records: LogRecord[] } {
  let actor = from
  const records: LogRecord[] = []
  for (const at of messages) {
    const decision = decideOn(actor, at)
    if (decision.kind !== 'record') continue
    records.push(reread(decision.record))
    actor = actorAfter(actor.address, reread(decision.record))
  }
  return { actor, records }
}

/** The search index of a tenant without messages and knowledge. */
/** Understands by acts alone, as for a tenant that has taught nothing. */
export const understandByActs: TaskCall<unknown>['understand'] = (query) =>
  createUnderstanding({
    tenants: { of: () => Promise.resolve({ version: 0, seq: 0, settings: tenantSettingsOf({}), set: {} }) },
    sets: { of: () => Promise.resolve(undefined) },
    vectors: { fingerprint: () => Promise.resolve(null), of: () => Promise.resolve({ fingerprint: null }) },
  })('test', query)

export const emptySearchIndex: TaskSearchIndex = {
  search: () => Promise.resolve([]),
  knowledgeVersion: () => Promise.resolve(undefined),
  knowledgeSeq: () => Promise.resolve(0),
}
