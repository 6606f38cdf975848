import type { Logger } from 'pino'
import { z } from 'zod'
import type { Kinds } from '../../actors/definition/kind.ts'
import type { TaskCall } from '../../actors/definition/task-definition.ts'
import type { FanOut } from '../../actors/definition/task-fan-out.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { TerminalError } from '../../schemas/errors.ts'
import type { TaskMessage } from '../../schemas/internal-messages.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { TO_MANY_LIMITS } from '../../schemas/recipients.ts'
import { actorSource, actorSubject, type Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { lastRecord, recordAt, recordsOf, type StoredRecord } from '../jetstream/last-record.ts'
import { publishWithRetry } from '../jetstream/publish-with-retry.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { createRatePace } from '../runtime/rate-pace.ts'
import { askWithRetry } from '../runtime/retry.ts'
import type { AskRecipients } from './recipients-service.ts'
import { createStreamRoom } from './stream-room.ts'

export interface FanOutsOptions {
  readonly jetstream: JetStreamContext
  readonly kinds: Kinds
  readonly recipients: AskRecipients
  /** Inputs a second of this process. */
  readonly perSecondMax: number
  readonly log: Logger
  readonly metrics: Metrics
}

/** What the fan-out of an attempt takes from it. */
export type FanOutAttempt = Pick<TaskCall<unknown>, 'signal' | 'progress' | 'lastProgress'>

/** Sends an input to many actors for a run. @returns the number of recipients */
export type SendToMany = (what: FanOut, attempt: FanOutAttempt) => Promise<number>

/** The inputs to many actors that a process sends. */
export interface FanOuts {
  of(sender: Address, task: TaskMessage): SendToMany
}

/** How far a fan-out is: this is what it tells as its progress, and goes on from. */
const stoodSchema = z.object({
  done: z.int().nonnegative(),
  total: z.int().nonnegative(),
  /** Id of the last recipient; empty before the first one. */
  after: z.string(),
})

/** Inputs that are published before the first of their answers is waited for; what a crash repeats is a multiple of it. */
const BATCH = 250
/**
 * An actor is one of the recipients if its first record was decided at most so long after the start of the task. By then the clocks of all
 * hosts have passed its cause, so none that exists with the cause is missed; and a fan-out whose recipients make new actors ends.
 */
const CLOCKS_MS_MAX = 60_000

/**
 * Creates the fan-outs of a process. An input is published as an actor's event to another one (`act.…`), which no producer can forge. The
 * recipients come from the tables in the order of their ids. An input has one id in all attempts: its recipient recognises a repeat.
 */
export function createFanOuts({ jetstream, kinds, recipients, perSecondMax, log, metrics }: FanOutsOptions): FanOuts {
  const pace = createRatePace(perSecondMax)
  const room = createStreamRoom((stream) => streamInfo(jetstream.jsm, stream), log)
  return {
    of: (sender, task) => async (what, attempt) => {
      const { kind, type, data, where, recipientsMax } = what
      check(kinds, what)
      const { signal, progress } = attempt
      const { run, startedAt, correlationid, traceparent } = task
      const { tenant } = sender
      const cause = await askWithRetry({ log, signal }, 'the record that started a task', () => startOf(jetstream, sender, task))
      const logSeq = task.seq ?? cause?.seq ?? 0
      const common = {
        type,
        source: actorSource(sender),
        time: startedAt,
        causationid: cause?.record.input.id,
        correlationid,
        traceparent,
        data,
      }
      const messageTo = (id: string): string => JSON.stringify({ ...common, id: `${run}:${id}` })
      const bytes = Buffer.byteLength(messageTo(LONGEST_ID))
      if (bytes > LIMITS.inputBytesMax) throw tooLarge(bytes)
      const sendAll = async (ids: readonly string[]): Promise<void> => {
        const sent: Promise<unknown>[] = []
        for (const id of ids) {
          await room.take(bytes, signal)
          await pace.next(signal)
          const one = publishWithRetry(
            { publisher: jetstream.publisher, log, metrics, signal },
            actorSubject({ tenant, kind, id }),
            messageTo(id),
          )
          one.catch(() => undefined)
          sent.push(one)
        }
        await Promise.all(sent)
        metrics.sent.inc({ kind: sender.kind }, ids.length)
      }
      const until = new Date(Date.parse(startedAt) + CLOCKS_MS_MAX).toISOString()
      const known = stoodSchema.safeParse(attempt.lastProgress).data
      let stood = known ?? { done: 0, total: 0, after: '' }
      for (let isFirst = known === undefined; ; isFirst = false) {
        const { after } = stood
        const query = { tenant, kind, where, after, until, logSeq, limit: TO_MANY_LIMITS.pageMax, counted: isFirst }
        if (!(await isPending(jetstream, sender, run))) return stood.done
        const { ids, total = stood.total } = await recipients(query, signal)
        if (total > recipientsMax) throw tooMany(what, total)
        stood = { ...stood, total }
        progress(stood)
        if (ids.length === 0) return stood.done
        for (let from = 0; from < ids.length; from += BATCH) {
          const batch = ids.slice(from, from + BATCH)
          await sendAll(batch)
          const done = stood.done + batch.length
          stood = { done, total: Math.max(total, done), after: batch.at(-1) ?? after }
          progress(stood)
        }
      }
    },
  }
}

/** The record that started a run; the sender's last one where a dispatcher of version 0.1 did not tell which. */
const startOf = (jetstream: JetStreamContext, sender: Address, { seq }: TaskMessage): Promise<StoredRecord | undefined> =>
  seq === undefined ? lastRecord(jetstream, recordsOf(sender)) : recordAt(jetstream, seq)

/**
 * Whether the sender still waits for the run. The message that stops a run can be lost, and a fan-out is long: it looks for itself before
 * each page. Nobody needs the outcome of a run that is over.
 */
async function isPending(jetstream: JetStreamContext, sender: Address, run: string): Promise<boolean> {
  const state = (await lastRecord(jetstream, recordsOf(sender)))?.record.state
  return state === undefined || state === null || Object.hasOwn(state.tasks, run)
}

/** @throws TerminalError */
function check(kinds: Kinds, { kind: name, type, data }: FanOut): void {
  const kind = kinds.get(name)
  const schema = kind?.events[type]
  if (kind === undefined || schema === undefined || !Object.hasOwn(kind.events, type)) {
    const what = kind === undefined ? `no kind "${name}" is here` : `kind "${name}" takes no event "${type}"`
    throw new TerminalError('no_such_recipients' satisfies ErrorCode, `toMany: ${what}; export it, or correct its name`)
  }
  const read = schema.safeParse(data, IN_WORDS)
  if (!read.success) throw new TerminalError('bad_task_input' satisfies ErrorCode, `toMany: ${name} ${zodProblem(read.error, type)}`)
}

const LONGEST_ID = 'i'.repeat(128)

const tooLarge = (bytes: number): TerminalError =>
  new TerminalError(
    'bad_task_input' satisfies ErrorCode,
    `toMany: the event has ${bytes} bytes; at most ${LIMITS.inputBytesMax} are allowed`,
  )

const tooMany = ({ kind, recipientsMax }: FanOut, total: number): TerminalError =>
  new TerminalError(
    'too_many_recipients' satisfies ErrorCode,
    `the event would reach ${total} actors of kind "${kind}"; at most ${recipientsMax} are allowed (recipientsMax). Nothing was sent`,
  )
