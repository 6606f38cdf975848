import { DeliverPolicy } from '@nats-io/jetstream'
import { hasPending, nextDeadline } from '../../actors/core/next-deadline.ts'
import { taskMessageSchema } from '../../schemas/internal-messages.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { type Placed, recordBefore } from '../jetstream/last-record.ts'
import { type BadRecord, type LogEntry, logParser } from '../jetstream/log-message.ts'
import { publishWithRetry, type RetryDeps } from '../jetstream/publish-with-retry.ts'
import { readToEnd } from '../jetstream/read-to-end.ts'
import { createConcurrencyLimit } from '../runtime/concurrency-limit.ts'
import { createWakeUps, type WakeUps } from '../timers/wake-ups.ts'
import { runStartedIn } from './find-run-start.ts'
import { type Outgoing, taskOf } from './outgoing-messages.ts'

export interface RearmOptions extends Omit<RetryDeps, 'publisher'> {
  readonly jetstream: JetStreamContext
  readonly partitions: readonly number[]
  /** LOG sequence up to which a partition's records are re-armed. The dispatcher carries out the records after it. */
  readonly upTo: (partition: number) => number
  /**
   * Part of the message id of each task. A repeated call with the same value publishes no run twice within JetStream's duplicate window.
   */
  readonly occasion: string
  /** The time, ISO. */
  readonly now: () => string
}

/** The last record of an actor. */
interface LastRecord extends Placed {
  readonly subject: string
  readonly partition: number
  readonly address: Address
}

interface Rearming extends RearmOptions {
  readonly wakeUps: WakeUps
}

/** Numbers of tasks and wake-ups that `rearm` restored. */
export interface Rearmed {
  readonly actors: number
  readonly tasks: number
  /** Wake-ups: one for all timers and deadlines of an actor. */
  readonly timers: number
}

/** Actors that are re-armed concurrently. */
const ACTORS_MAX = 32

/**
 * Restores the pending tasks and wake-ups of actors after TASKS or TIMERS was lost. Publishes each pending task that TASKS lacks, with its
 * run id and deadline unchanged, and sets a wake-up for each actor that needs one and has none. A deadline that has passed fires at once.
 * No other effect is repeated. At worst a task that was already done runs a second time; its result finds no pending run and is ignored.
 *
 * @throws ColloquyError `interrupted` when reading LOG was interrupted; the reason of `signal` when it is aborted.
 */
export async function rearm(options: RearmOptions): Promise<Rearmed> {
  const { jetstream, log, metrics, signal } = options
  const rearming = { ...options, wakeUps: createWakeUps({ jetstream, log, metrics, signal }) }
  const sum = { actors: 0, tasks: 0, timers: 0 }
  const concurrency = createConcurrencyLimit(ACTORS_MAX)
  const add = ({ tasks, timers }: Rearmed): void => {
    sum.actors += tasks + timers > 0 ? 1 : 0
    sum.tasks += tasks
    sum.timers += timers
  }
  for await (const last of lastRecords(jetstream, options.partitions)) {
    signal.throwIfAborted()
    if (hasPending(last.record.state)) await concurrency.add(rearmActor(rearming, last).then(add))
  }
  await concurrency.done()
  return sum
}

async function rearmActor(options: Rearming, last: LastRecord): Promise<Rearmed> {
  const { jetstream, log, wakeUps } = options
  const { subject, address, record } = last
  const upTo = options.upTo(last.partition)
  let tasks = 0
  for (const [run, { task, startedAt, deadlineAt }] of Object.entries(record.state?.tasks ?? {})) {
    const from = await runStartedIn(jetstream, subject, last, run, startedAt)
    if (from !== undefined && from.seq > upTo) continue
    const started = from?.record.started.find((one) => one.run === run)
    if (from === undefined || started === undefined) {
      log.error({ actor: actorKey(address), run, task }, 'LOG has no record that started the task; the task expires at its deadline')
      continue
    }
    // The task runner would discard it; the wake-up reports the expiry to the machine.
    if (deadlineAt <= options.now()) continue
    tasks += await enqueue(options, taskOf(address, from, started), run)
  }
  const deadline = nextDeadline(record.state)
  const isSet = deadline !== undefined && (await wakeUps.set(address, deadline.at)) === 'set'
  return { actors: 0, tasks, timers: isSet ? 1 : 0 }
}

/** Publishes a task unless TASKS has it. Returns the number of published messages. */
async function enqueue(options: RearmOptions, { subject, payload }: Outgoing, run: string): Promise<0 | 1> {
  if (await isQueued(options.jetstream, subject, run)) return 0
  // The run's id alone may still be in JetStream's duplicate window, from when the dispatcher published the task.
  const msgId = `${run}:${options.occasion}`
  await publishWithRetry({ ...options, publisher: options.jetstream.publisher }, subject, payload, { msgId })
  return 1
}

/** True also while the task runs: a task leaves the queue only when its outcome is stored. */
async function isQueued({ jsm }: JetStreamContext, subject: string, run: string): Promise<boolean> {
  for (let seq = 1; ;) {
    const message = await jsm.direct.getMessage('TASKS', { seq, next_by_subj: subject })
    if (message === null) return false
    if (taskMessageSchema.safeParse(message.json()).data?.run === run) return true
    seq = message.seq + 1
  }
}

/** The last record of each actor of some partitions. */
async function* lastRecords(jetstream: JetStreamContext, partitions: readonly number[]): AsyncGenerator<LastRecord> {
  const parse = await logParser(jetstream)
  const filter = { filter_subjects: partitions.map((partition) => `log.${partition}.>`), deliver_policy: DeliverPolicy.LastPerSubject }
  for await (const batch of readToEnd(jetstream, 'LOG', filter)) {
    for (const message of batch) {
      const last = await lastEntry(jetstream, message.subject, parse(message))
      if (last !== undefined) yield { subject: message.subject, ...last }
    }
  }
}

/** Passes over messages that are no record. */
async function lastEntry(
  jetstream: JetStreamContext,
  subject: string,
  entry: LogEntry | BadRecord,
): Promise<Omit<LastRecord, 'subject'> | undefined> {
  const { seq, partition, address } = entry
  const record = entry.whole()
  if (record !== undefined) return { seq, partition, address, record }
  const before = await recordBefore(jetstream, subject, seq)
  return before && { partition, address, ...before }
}
