import type { Resolution, ResolutionRequest } from '../../schemas/dead-letter-resolution.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { actorKey } from '../../schemas/subjects.ts'
import { isDerived } from '../dispatcher/derived-letters.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { messageAt } from '../jetstream/last-record.ts'
import { BAD_RECORD, logParser } from '../jetstream/log-message.ts'
import { type DeadLetter, findDeadLetter } from './dead-letters.ts'

/** The input that resolves a dead letter of an actor. */
export interface ResolutionInput {
  readonly request: ResolutionRequest
  /** Payload of the original input. For a dropped dead letter, only an excerpt, which the tables show. */
  readonly payload: Uint8Array
}

/**
 * Creates the input that redrives or drops a dead letter. The values for its row in the tables come from the record that made the dead
 * letter.
 *
 * @param seq DEAD sequence.
 * @param how `force` redrives the excerpt of a payload as if it were the whole; `by` is who asks, for the record.
 * @throws ColloquyError `gone` if DEAD no longer has it; `not_redrivable` if a redrive does not help, with the remedy; `no_record` if LOG
 * has lost the record.
 */
export async function resolutionInputOf(
  jetstream: JetStreamContext,
  seq: number,
  how: { readonly resolution: Resolution; readonly by?: string | undefined; readonly force: boolean },
): Promise<ResolutionInput> {
  const { resolution, by, force } = how
  const deadLetter = await findDeadLetter(jetstream, seq)
  if (deadLetter === undefined) {
    throw new ColloquyError(
      'gone',
      `DEAD has no dead letter ${seq}: it was redriven or dropped, or never existed; `
        + '"colloquy dead ls --each" lists the existing ones',
    )
  }
  if (resolution === 'redriven') checkRedrivable(deadLetter, force)
  const facts = await factsOf(jetstream, deadLetter)
  const named = by === undefined ? {} : { by }
  const request: ResolutionRequest = { end: resolution, deadSeq: seq, ...named, ...facts, ...(force ? { force } : {}) }
  // For a dropped dead letter, the tables need only an excerpt.
  const { payload } = deadLetter
  return { request, payload: resolution === 'dropped' ? payload.subarray(0, LIMITS.rejectedPayloadCharsMax) : payload }
}

function checkRedrivable({ seq, reason, headers, isExcerpt }: DeadLetter, force: boolean): void {
  const refuse = (why: string): never => {
    throw new ColloquyError('not_redrivable', `dead letter ${seq} ${why}`)
  }
  if (reason === 'task_failed') {
    refuse(
      `is the failure of a task (${headers['Colloquy-Task']}), to which its machine has already reacted: `
        + 'send the actor an event that starts the task again, then drop the dead letter',
    )
  }
  if (isDerived(reason)) refuse('is about a text or a row that LOG still has, not about an input: remove the cause, then drop it')
  if (reason === BAD_RECORD) refuse('is a message of LOG that was no input of an actor: drop it')
  if (reason === 'bad_subject') {
    refuse('has a subject without an actor: publish its payload ("dead show --raw") to the subject of an actor, then drop the dead letter')
  }
  if (isExcerpt && !force) {
    refuse('has only the start of its payload: let its producer send it again, or redrive the start as if it were the whole, with --force')
  }
}

type Facts = Omit<ResolutionRequest, 'end' | 'deadSeq' | 'by' | 'force'>

async function factsOf(jetstream: JetStreamContext, { seq, logSeq, inboxSeq, reason, address }: DeadLetter): Promise<Facts> {
  const message = await messageAt(jetstream, logSeq, 'anyReplica')
  const entry = message && (await logParser(jetstream))(message)
  const isSameActor = entry !== undefined && actorKey(entry.address) === actorKey(address)
  if (isSameActor && entry.bad !== undefined && reason === BAD_RECORD) {
    const { at, subject, why } = entry.bad
    return { logSeq, inboxSeq: 0, ts: at, id: '', at, reason: BAD_RECORD, subject, error: why }
  }
  const record = isSameActor ? entry.record : undefined
  if (record?.inbox.seq === inboxSeq) {
    const own = { logSeq, inboxSeq, ts: record.inbox.ts, id: record.input.id, at: record.at }
    if (record.reason === reason) return { ...own, reason: record.reason, subject: record.subject ?? '', error: record.error ?? '' }
    const failed = record.ended.find(({ status }) => status === 'failed' || status === 'expired')
    if (failed !== undefined && reason === 'task_failed') {
      const { tenant, kind, id } = address
      const error = `${failed.error?.code ?? ''}: ${failed.error?.message ?? ''}`
      return { ...own, reason, subject: `task.${failed.task}.${tenant}.${kind}.${id}`, error }
    }
  }
  throw new ColloquyError(
    'no_record',
    `LOG no longer has the record of dead letter ${seq} at sequence ${logSeq}: LOG was restored to an `
      + `older state, and its input may have been decided again. Inspect it with "dead show ${seq}", publish its payload again if it is `
      + `missing, and remove it with "nats stream rmm DEAD ${seq}"`,
  )
}
