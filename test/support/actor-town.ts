import { type Actor, actorAfter, newActor } from '../../actors/core/actor.ts'
import { decide } from '../../actors/core/decide.ts'
import type { Decision } from '../../actors/core/decision.ts'
import { compiledKinds } from '../../actors/definition/compiled-machine.ts'
import { type Kind, kindsByName } from '../../actors/definition/kind.ts'
import { sentBy } from '../../pipeline/dispatcher/outgoing-messages.ts'
import type { InternalInput, OperatorMessage } from '../../schemas/internal-messages.ts'
import { ACTOR_CANCELLED, ACTOR_RESET } from '../../schemas/operator-events.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { actorKey, type Address, type Origin, originOf, parseActorKey } from '../../schemas/subjects.ts'
import { reread } from './core-helpers.ts'

interface Waiting {
  readonly address: Address
  readonly origin: Origin
  readonly payload: string
}

/** Actors that send each other events, with INBOX, LOG and dispatcher in memory. Messages between actors wait until they are delivered. */
export interface ActorTown {
  /** Delivers an input of a producer. */
  publish(actor: string, type: string, data: object): LogRecord
  /** Delivers the outcome of a task's only run. */
  taskEnds(actor: string, outcome: { readonly output: unknown } | { readonly error: { code: string; message: string } }): LogRecord
  /** Cancels an actor, or takes it back to its state after a record, as an operator does. */
  cancel(actor: string): LogRecord
  reset(actor: string, to: number): LogRecord
  /** Delivers a message as an actor's dispatcher or another would. */
  deliver(waiting: Waiting): Decision
  /** Messages that are on their way, oldest first. Tests may lose, double and reorder them. */
  readonly waiting: Waiting[]
  /** Delivers all messages between actors, and those that follow from them. */
  settle(): void
  last(actor: string): LogRecord
  readonly records: ReadonlyMap<string, readonly LogRecord[]>
}

/** @param options.inMemory whether actors stay in memory, or are read from their record for each decision; `compiled` as hosts decide */
export function createActorTown(
  kinds: readonly Kind[],
  options: { readonly inMemory?: boolean; readonly compiled?: boolean } = {},
): ActorTown {
  const { inMemory = false, compiled = false } = options
  const byName = compiled ? compiledKinds(kindsByName(kinds)) : kindsByName(kinds)
  const actors = new Map<string, Actor>()
  const records = new Map<string, LogRecord[]>()
  const waiting: Waiting[] = []
  let seq = 0
  const deliver = ({ address, origin, payload }: Waiting): Decision => {
    seq += 1
    const ts = new Date(Date.parse('2026-01-01T00:00:00Z') + seq).toISOString()
    const subject = `${{ producer: 'in', actor: 'act', internal: 'int' }[origin]}.${address.tenant}.${address.kind}.${address.id}`
    const message = { seq, ts, payload: Buffer.from(payload), subject, origin: originOf(subject), addressable: true }
    const key = actorKey(address)
    const decision = decide(byName, actors.get(key) ?? newActor(address), message, { now: ts, low: 0 }, true)
    if (decision.kind !== 'record') return decision
    const record = reread(decision.record)
    records.set(key, [...(records.get(key) ?? []), record])
    actors.set(key, inMemory && decision.next !== undefined ? decision.next : actorAfter(address, record))
    for (const { subject: to, payload: sent } of sentBy(address, record)) {
      const [, tenant = '', kind = '', id = ''] = to.split('.')
      waiting.push({ address: { tenant, kind, id }, origin: 'actor', payload: sent })
    }
    return decision
  }
  const recorded = (decision: Decision): LogRecord => {
    if (decision.kind !== 'record') throw new Error(`no record: ${JSON.stringify(decision)}`)
    return decision.record
  }
  const addressOf = (actor: string): Address => {
    const address = parseActorKey(actor)
    if (address === undefined) throw new Error(`no address: ${actor}`)
    return address
  }
  const last = (actor: string): LogRecord => {
    const record = records.get(actorKey(addressOf(actor)))?.at(-1)
    if (record === undefined) throw new Error(`${actor} has no record; there are ${[...records.keys()].join(', ')}`)
    return record
  }
  const operate = (actor: string, message: OperatorMessage): LogRecord =>
    recorded(deliver({ address: addressOf(actor), origin: 'internal', payload: JSON.stringify(message) }))
  return {
    publish: (actor, type, data) =>
      recorded(deliver({ address: addressOf(actor), origin: 'producer', payload: JSON.stringify({ type, id: `p${seq}`, data }) })),
    taskEnds(actor, outcome) {
      const [run = ''] = Object.keys(last(actor).state?.tasks ?? {})
      const common = { run, attempts: 1, queueMs: 0, durationMs: 0 }
      const message: InternalInput =
        'output' in outcome ? { type: 'task.done', ...common, ...outcome } : { type: 'task.failed', ...common, ...outcome }
      return recorded(deliver({ address: addressOf(actor), origin: 'internal', payload: JSON.stringify(message) }))
    },
    cancel: (actor) => operate(actor, { type: ACTOR_CANCELLED, id: `o${seq}`, data: {} }),
    reset(actor, to) {
      const then = records.get(actorKey(addressOf(actor)))?.[to - 1]
      if (then === undefined) throw new Error(`${actor} has no record ${to}`)
      const { machine, at, status, state } = then
      return operate(actor, { type: ACTOR_RESET, id: `o${seq}`, data: { to }, restored: { machine, at, status, state } })
    },
    deliver,
    waiting,
    settle() {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) deliver(next)
    },
    last,
    records,
  }
}
