import { randomUUID } from 'node:crypto'
import { CHILD_START } from '../../schemas/child-messages.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { OperatorMessage } from '../../schemas/internal-messages.ts'
import { ACTOR_CANCELLED, ACTOR_RESET } from '../../schemas/operator-events.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { actorKey, type Address, internalSubject, messageIdOf } from '../../schemas/subjects.ts'
import { runStartedIn } from '../dispatcher/find-run-start.ts'
import { readActorRecords } from '../jetstream/actor-records.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { findRecord, lastRecord, type Placed, recordsOf } from '../jetstream/last-record.ts'
import { pollUntil } from '../runtime/poll-until.ts'
import { type Pauses, withRetry } from '../runtime/retry.ts'

/** Who changes an actor, and why; both stay in its record. */
export interface ChangeOptions {
  readonly by?: string | undefined
  readonly reason?: string | undefined
  /** A second change with the same id has no effect. Default: a random one. */
  readonly id?: string | undefined
  /** Max time until the record of the change. */
  readonly timeoutMs: number
  /** Called before each pause with the reason, where NATS does not store the message. */
  readonly onWait?: (why: string) => void
}

/** Records of the actor that are read for its decision in one round. */
const RECORDS_MAX = 1_000
const PAUSES: Pauses = { minMs: 50, maxMs: 2_000 }

/**
 * Takes an actor back to its state after a record, and waits for the record of that.
 *
 * @throws ColloquyError `unknown_actor`, `unknown_record`, `actor_not_changed`
 */
export async function resetActor(jetstream: JetStreamContext, address: Address, to: number, options: ChangeOptions): Promise<Placed> {
  const last = await lastOf(jetstream, address)
  const at = await findRecord(jetstream, recordsOf(address), last, ({ n }) => n - to)
  if (at === undefined) {
    throw new ColloquyError('unknown_record', `${actorKey(address)} has records 1 to ${last.record.n}, and no ${to}`)
  }
  const { machine, at: decidedAt, status, state } = at.record
  const inputs = await inputsOfRuns(jetstream, recordsOf(address), at)
  const { id = randomUUID(), by, reason } = options
  const data = { to, ...asked(by, reason) }
  const restored = { machine, at: decidedAt, status, state, inputs }
  return change(jetstream, address, last, { type: ACTOR_RESET, id, data, restored }, options)
}

/** The inputs of the tasks and children that are pending after a record, by run. */
async function inputsOfRuns(jetstream: JetStreamContext, subject: string, at: Placed): Promise<Record<string, unknown>> {
  const inputs: Record<string, unknown> = {}
  for (const [run, { startedAt }] of Object.entries({ ...at.record.state?.tasks, ...at.record.state?.children })) {
    const start = await runStartedIn(jetstream, subject, at, run, startedAt)
    const started = start?.record.started.find((one) => one.run === run)
    const child = start?.record.sent?.find(({ type, data }) => type === CHILD_START && data['run'] === run)
    if (started !== undefined) inputs[run] = started.input
    else if (child !== undefined) inputs[run] = child.data['input']
  }
  return inputs
}

/**
 * Stops an actor, and waits for its last record.
 *
 * @throws ColloquyError `unknown_actor`, `actor_ended`, `actor_not_changed`
 */
export async function cancelActor(jetstream: JetStreamContext, address: Address, options: ChangeOptions): Promise<Placed> {
  const last = await lastOf(jetstream, address)
  const { id = randomUUID(), by, reason } = options
  const { status, to, n } = last.record
  // A repeated cancel of this id finds its record instead.
  if ((status === 'done' || status === 'error' || status === 'stopped') && options.id === undefined) {
    throw new ColloquyError('actor_ended', `${actorKey(address)} has ended already, in "${to}" with record ${n}`)
  }
  return change(jetstream, address, last, { type: ACTOR_CANCELLED, id, data: asked(by, reason) }, options)
}

const asked = (by: string | undefined, reason: string | undefined) => ({
  ...(by !== undefined && { by }),
  ...(reason !== undefined && { reason }),
})

async function lastOf(jetstream: JetStreamContext, address: Address): Promise<Placed> {
  const last = await lastRecord(jetstream, recordsOf(address))
  if (last === undefined) {
    throw new ColloquyError('unknown_actor', `${actorKey(address)} has no record; "colloquy tail" shows actors that have some`)
  }
  return last
}

async function change(
  jetstream: JetStreamContext,
  address: Address,
  before: Placed,
  message: OperatorMessage,
  { id, timeoutMs, onWait }: ChangeOptions,
): Promise<Placed> {
  const known = id === undefined ? undefined : await findChange(jetstream, address, 1, message)
  if (known?.record.outcome === 'committed') return known
  const late = AbortSignal.timeout(timeoutMs)
  const payload = JSON.stringify(message)
  const attempt = async (): Promise<void> => {
    const result = await jetstream.publisher.publish(internalSubject(address), payload, {
      msgId: messageIdOf(address, message.id, payload),
    })
    if (!result.ok) throw new Error(`NATS refused it (${result.code}: ${result.description})`)
  }
  try {
    await withRetry(attempt, { pauses: PAUSES, signal: late, onRetry: (error) => onWait?.(messageOf(error)) })
    return await pollUntil(() => findChange(jetstream, address, before.record.n + 1, message), { signal: late })
  } catch (error) {
    if (!late.aborted) throw error
    throw new ColloquyError(
      'actor_not_changed',
      `no record of it appeared within ${timeoutMs} ms; see "colloquy status", and repeat the command with --id ${message.id}`,
      { cause: error },
    )
  }
}

/** The record of a change among the records from a number on. */
async function findChange(
  jetstream: JetStreamContext,
  address: Address,
  first: number,
  { type, id }: OperatorMessage,
): Promise<Placed | undefined> {
  const subject = recordsOf(address)
  const to = await lastRecord(jetstream, subject)
  if (to === undefined) return undefined
  for (let from = first; from <= to.record.n;) {
    const records = await readActorRecords(jetstream, subject, { from, to, limit: RECORDS_MAX })
    const found = records.find(({ record }) => isChange(record, type, id))
    const next = (records.at(-1)?.record.n ?? to.record.n) + 1
    if (found !== undefined || next <= from) return found
    from = next
  }
  return undefined
}

const isChange = ({ input }: LogRecord, type: string, id: string): boolean =>
  input.type === type && input.id === id && input.source === 'colloquy'
