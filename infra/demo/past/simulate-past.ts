import { hash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Actor, actorAfter, newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import { nextDeadline } from '../../../actors/core/next-deadline.ts'
import { compiledKinds } from '../../../actors/definition/compiled-machine.ts'
import type { Kinds } from '../../../actors/definition/kind.ts'
import { deadLettersOf } from '../../../pipeline/dispatcher/dead-letter-messages.ts'
import { sentBy } from '../../../pipeline/dispatcher/outgoing-messages.ts'
import { recordHash } from '../../../pipeline/host/record-chain.ts'
import type { TaskError } from '../../../schemas/internal-messages.ts'
import type { LogRecord, Started } from '../../../schemas/record.ts'
import {
  actorKey,
  actorSubject,
  type Address,
  inputSubject,
  internalSubject,
  logSubject,
  type Origin,
  partitionOf,
} from '../../../schemas/subjects.ts'
import type { Stored } from '../../backup/backup-format.ts'

/** An input of somebody from outside, at a time. */
export interface Arrival {
  readonly atMs: number
  readonly address: Address
  /** The body of the message: bytes as they come, or what becomes JSON. */
  readonly body: string | object
}

/** An input that has a name at its source, so that it counts once. */
export const arrival = (address: Address, atMs: number, id: string, source: string, type: string, data: object): Arrival => ({
  atMs,
  address,
  body: { type, id, source, time: new Date(atMs).toISOString(), data },
})

/** A record of an actor, as it has just been decided. */
export interface Happened {
  readonly atMs: number
  readonly address: Address
  readonly record: LogRecord
}

/** How a run of a task ended, after how long, and how the attempts before failed. */
export type TaskOutcome = {
  readonly queueMs: number
  readonly durationMs: number
  /** Default: 1. */
  readonly attempts?: number
  readonly attemptError?: TaskError
} & ({ readonly output: unknown } | { readonly error: TaskError })

/** A run of a task when it starts. */
export interface StartedRun {
  readonly atMs: number
  readonly address: Address
  readonly started: Started
  /** LOG sequence of the record that started it. */
  readonly seq: number
}

/** Who takes part in a past. */
export interface PastPart {
  /** Inputs that come by themselves. */
  readonly arrivals: readonly Arrival[]
  /** What people do when they see what has happened. Default: nothing. */
  react?(happened: Happened): readonly Arrival[]
}

export interface PastOptions {
  readonly kinds: Kinds
  readonly partitions: number
  readonly parts: readonly PastPart[]
  /** @param contextOf the context of an actor as it is then; `undefined` before its first record */
  runTask(run: StartedRun, contextOf: (address: Address) => unknown): Promise<TaskOutcome>
  /** The past ends here: what would happen later does not. */
  readonly untilMs: number
  readonly signal: AbortSignal
}

/** What LOG and DEAD would hold, with the last sequence of INBOX. */
export interface Past {
  readonly log: readonly Stored[]
  readonly dead: readonly Stored[]
  readonly inboxSeq: number
}

interface Due {
  readonly atMs: number
  /** `undefined`: whatever of the actor has reached its time. */
  readonly body: string | undefined
  readonly origin: Origin
  readonly address: Address
}

interface Resident {
  readonly actor: Actor
  readonly lastSeq: number
  readonly lastHash: string
}

const SUBJECTS = { producer: inputSubject, actor: actorSubject, internal: internalSubject } as const
const WAKE_UP = JSON.stringify({ type: 'alarm' })
/** Decisions between two turns of the event loop. */
const DECISIONS_A_TURN = 50
const SALT_BYTES = 16

/**
 * Lets actors live through a time that has passed: the machines decide as a host lets them, one input after the other in the order of time,
 * with timers, tasks and messages between actors. The same options give the same past, byte for byte.
 *
 * @throws the reason of `signal` when it is aborted
 */
export async function simulatePast({ partitions, parts, runTask, untilMs, signal, ...options }: PastOptions): Promise<Past> {
  const kinds = compiledKinds(options.kinds)
  const residents = new Map<string, Resident>()
  const log: Stored[] = []
  const dead: Stored[] = []
  const queue = createTimeline<Due>()
  let inboxSeq = 0

  const expect = ({ atMs, address, body }: Arrival): void =>
    queue.add({ atMs, address, origin: 'producer', body: typeof body === 'string' ? body : JSON.stringify(body) })
  for (const { arrivals } of parts) arrivals.forEach(expect)
  const contextOf = (address: Address): unknown => residents.get(actorKey(address))?.actor.state?.context

  const append = (due: Due, record: LogRecord, encoded: Uint8Array, next: Actor | undefined): void => {
    const { address } = due
    const seq = log.length + 1
    const subject = logSubject(partitionOf(address, partitions), address)
    log.push({ seq, time: record.at, subject, headers: {}, payload: encoded })
    residents.set(actorKey(address), { actor: next ?? actorAfter(address, record), lastSeq: seq, lastHash: recordHash(encoded) })
    const original = { subject: SUBJECTS[due.origin](address), payload: Buffer.from(due.body ?? WAKE_UP) }
    for (const { subject: to, msgId, headers, payload } of deadLettersOf(address, record, seq, original)) {
      const kept = Object.fromEntries(Object.entries({ ...headers, 'Nats-Msg-Id': msgId }).map(([name, value]) => [name, [value]]))
      dead.push({ seq: dead.length + 1, time: record.at, subject: to, headers: kept, payload })
    }
  }

  for (let due = queue.next(); due !== undefined && due.atMs <= untilMs; due = queue.next()) {
    if (inboxSeq % DECISIONS_A_TURN === 0) await nextTurn(undefined, { signal })
    const { atMs, address, origin } = due
    const key = actorKey(address)
    const { actor, lastSeq, lastHash: prev } = residents.get(key) ?? { actor: newActor(address), lastSeq: 0, lastHash: undefined }
    if (due.body === undefined && nextDeadline(actor.state)?.at !== new Date(atMs).toISOString()) continue
    inboxSeq += 1
    const ts = new Date(atMs).toISOString()
    const payload = Buffer.from(due.body ?? WAKE_UP)
    const message = { seq: inboxSeq, ts, payload, origin, addressable: true, subject: SUBJECTS[origin](address) }
    const context = { now: ts, low: inboxSeq - 1, lastSeq, chain: { prev, salt: saltOf(inboxSeq) } }
    const decision = decide(kinds, actor, message, context, true)
    if (decision.kind === 'threw') throw decision.error
    if (decision.kind !== 'record') continue
    const { record, encoded, next } = decision
    append(due, record, encoded, next)

    const sent = sentBy(address, record)
    for (const [index, { kind, actor: id }] of (record.sent ?? []).entries()) {
      queue.add({ atMs, address: { tenant: address.tenant, kind, id }, origin: 'actor', body: sent[index]?.payload })
    }
    for (const started of record.started) {
      const { attempts = 1, ...outcome } = await runTask({ atMs, address, started, seq: log.length }, contextOf)
      const end = 'output' in outcome ? { type: 'task.done', ...outcome } : { type: 'task.failed', ...outcome }
      const body = JSON.stringify({ ...end, run: started.run, attempts })
      queue.add({ atMs: atMs + outcome.queueMs + outcome.durationMs, address, origin: 'internal', body })
    }
    const deadline = nextDeadline(record.state)?.at
    if (deadline !== undefined) queue.add({ atMs: Date.parse(deadline), address, origin: 'internal', body: undefined })
    for (const { react } of parts) react?.({ atMs, address, record }).forEach(expect)
  }
  return { log, dead, inboxSeq }
}

/** As random as the record needs it, since nobody guesses at a demo; and the same each time. */
const saltOf = (seq: number): string => hash('sha256', `past ${seq}`, 'buffer').toString('base64url', 0, SALT_BYTES)

interface Timeline<Event> {
  add(event: Event): void
  /** Takes the earliest one; of several at one time, the one that was added first. */
  next(): Event | undefined
}

function createTimeline<Event extends { readonly atMs: number }>(): Timeline<Event> {
  /** The latest first. */
  const events: Event[] = []
  return {
    add(event) {
      let low = 0
      let high = events.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((events[middle]?.atMs ?? 0) > event.atMs) low = middle + 1
        else high = middle
      }
      events.splice(low, 0, event)
    },
    next: () => events.pop(),
  }
}
