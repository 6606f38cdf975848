import { nextDeadline, hasPending } from '../../actors/core/next-deadline.ts'
import { taskMessageSchema } from '../../schemas/internal-messages.ts'
import { actorKey } from '../../schemas/subjects.ts'
import { createWakeUps, type WakeUps } from '../timers/wake-ups.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { taskOf, type Outgoing } from './outgoing-messages.ts'
import { publishWithRetry, type RetryDeps } from '../jetstream/publish-with-retry.ts'
import { createConcurrencyLimit } from '../runtime/concurrency-limit.ts'
import { lastRecords, type LastRecord } from './last-records.ts'
import { taskStartedIn } from './find-task-start.ts'

export interface RearmOptions extends Omit<RetryDeps, 'publisher'> {
  readonly jetstream: JetStreamContext
  readonly partitions: readonly number[]
  /** Told apart from runs of records that come after this LOG sequence: those are the dispatcher's to carry out. */
  readonly upTo: (partition: number) => number
  /** A name of this occasion: within JetStream's window the same one never puts a run in twice. */
  readonly occasion: string
  /** ISO. */
  readonly now: () => string
}

interface Rearming extends RearmOptions {
  readonly wakeUps: WakeUps
}

/** What was put in again. */
export interface Rearmed {
  readonly actors: number
  readonly tasks: number
  /** Alarms: one for all the timers and deadlines of an actor. */
  readonly timers: number
}

/** Actors looked after side by side. */
const ACTORS_MAX = 32

/**
 * Puts the tasks that actors wait for into TASKS again, under their old names and with their old deadlines, where they are not there any
 * more, and gives an alarm to those that have none; what is overdue comes at once. Nothing else that records asked for is repeated. A
 * run that had come out all the same is doubled at worst: its second result finds no pending run, and is ignored.
 */
export async function rearm(options: RearmOptions): Promise<Rearmed> {
  const rearming = { ...options, wakeUps: createWakeUps({ jetstream: options.jetstream, log: options.log, metrics: options.metrics, signal: options.signal }) }
  const sum = { actors: 0, tasks: 0, timers: 0 }
  const window = createConcurrencyLimit(ACTORS_MAX)
  const add = (one: Rearmed): void => {
    sum.actors += one.tasks + one.timers > 0 ? 1 : 0
    sum.tasks += one.tasks
    sum.timers += one.timers
  }
  for await (const last of lastRecords(options.jetstream, options.partitions)) {
    options.signal.throwIfAborted()
    if (hasPending(last.record.state)) await window.add(rearmActor(rearming, last).then(add))
  }
  await window.done()
  return sum
}

async function rearmActor(options: Rearming, last: LastRecord): Promise<Rearmed> {
  const { jetstream, log, wakeUps } = options
  const { subject, address, record } = last
  const upTo = options.upTo(last.partition)
  let tasks = 0
  for (const [run, { task, startedAt, deadlineAt }] of Object.entries(record.state?.tasks ?? {})) {
    const from = await taskStartedIn(jetstream, subject, last, run, startedAt)
    if (from !== undefined && from.seq > upTo) continue
    const started = from?.record.started.find((one) => one.run === run)
    if (from === undefined || started === undefined) {
      log.error({ actor: actorKey(address), run, task }, 'a task cannot be run again, since LOG has no record that started it; its deadline tells the machine')
      continue
    }
    // The runner would only throw it away; its deadline tells the machine.
    if (deadlineAt <= options.now()) continue
    tasks += await put(options, taskOf(address, from.record, started), run)
  }
  const due = nextDeadline(record.state)
  const isSet = due !== undefined && await wakeUps.set(address, due.at) === 'set'
  return { actors: 0, tasks, timers: isSet ? 1 : 0 }
}

/** How many messages that was. */
async function put(options: RearmOptions, { subject, payload }: Outgoing, run: string): Promise<0 | 1> {
  if (await isQueued(options.jetstream, subject, run)) return 0
  // Not the run's own id alone: JetStream may still remember it from when it was put in first.
  await publishWithRetry({ ...options, publisher: options.jetstream.publisher }, subject, payload, { msgId: `${run}:${options.occasion}` })
  return 1
}

/** Also while it is being run: a task leaves the queue only with its outcome. */
async function isQueued({ jsm }: JetStreamContext, subject: string, run: string): Promise<boolean> {
  for (let seq = 1; ;) {
    const message = await jsm.direct.getMessage('TASKS', { seq, next_by_subj: subject })
    if (message === null) return false
    if (taskMessageSchema.safeParse(message.json()).data?.run === run) return true
    seq = message.seq + 1
  }
}
