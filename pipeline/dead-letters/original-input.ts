import { ColloquyError } from '../../schemas/errors.ts'
import type { ResolutionRequest, Resolution } from '../../schemas/dead-letter-resolution.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { actorKey, parseLogSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { recordAt } from '../jetstream/last-record.ts'
import { findDeadLetter, type DeadLetter } from './dead-letters.ts'

/** What is sent to the actor about one of its letters. */
export interface ResolutionInput {
  readonly request: ResolutionRequest
  readonly payload: Uint8Array
}

/**
 * What puts an end to a letter. What the tables say of it is taken from the record that made it, in the words of that.
 *
 * @throws ColloquyError `gone` where DEAD has it no longer, `not_redrivable` where doing it again is not what helps, with what
 * does, `no_record` where LOG has lost the record.
 */
export async function resolutionInputOf(jetstream: JetStreamContext, seq: number, end: Resolution, force: boolean): Promise<ResolutionInput> {
  const dead = await findDeadLetter(jetstream, seq)
  if (dead === undefined) throw new ColloquyError('gone', `DEAD has no letter ${seq}: it was redriven or dropped, or never was; "colloquy dead ls --each" lists those that there are`)
  if (end === 'redriven') checkRedrivable(dead, force)
  const { record, reason, subject, error } = await recordOf(jetstream, dead)
  const request: ResolutionRequest = {
    end, deadSeq: seq, logSeq: dead.logSeq, inboxSeq: record.inbox.seq, ts: record.inbox.ts, id: record.input.id, at: record.at,
    reason, subject, error, ...(force ? { force } : {}),
  }
  // A dropped one's payload is not wanted again, only what the table shows of it.
  return { request, payload: end === 'dropped' ? dead.payload.subarray(0, LIMITS.rejectedPayloadCharsMax) : dead.payload }
}

function checkRedrivable({ seq, reason, headers, isExcerpt }: DeadLetter, force: boolean): void {
  const refuse = (why: string): never => { throw new ColloquyError('not_redrivable', `letter ${seq} ${why}`) }
  if (reason === 'task_failed') {
    refuse(`is the failure of a task (${headers['Colloquy-Task']}), which its machine has been told and has moved on from: `
      + 'send the actor an event that starts the task again, then drop the letter')
  }
  if (reason === 'bad_subject') {
    refuse('came on a subject that names no actor: publish its payload ("dead show --raw") on one that does, then drop the letter')
  }
  if (isExcerpt && !force) {
    refuse('has no more than the beginning of its payload: have its producer send it again, or take it for the whole with --force')
  }
}

async function recordOf(jetstream: JetStreamContext, { seq, logSeq, inboxSeq, reason, address }: DeadLetter) {
  const stored = await recordAt(jetstream, logSeq, 'anyReplica')
  const record = stored !== undefined && actorKey(parseLogSubject(stored.subject).address) === actorKey(address) ? stored.record : undefined
  if (record?.inbox.seq === inboxSeq) {
    if (record.reason === reason) return { record, reason: record.reason, subject: record.subject ?? '', error: record.error ?? '' }
    const failed = record.ended.find(({ status }) => status === 'failed' || status === 'expired')
    if (failed !== undefined && reason === 'task_failed') {
      const { tenant, kind, id } = address
      return { record, reason, subject: `task.${failed.task}.${tenant}.${kind}.${id}`, error: `${failed.error?.code ?? ''}: ${failed.error?.message ?? ''}` } as const
    }
  }
  throw new ColloquyError('no_record', `LOG no longer has the record of letter ${seq} at sequence ${logSeq}; LOG was brought back to an older state, `
    + `and what the letter was about may have been decided again. Look at it with "dead show ${seq}", publish its payload again if it is missing, and remove it with "nats stream rmm DEAD ${seq}"`)
}
