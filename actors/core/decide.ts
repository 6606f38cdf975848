import type { AnyEventObject } from 'xstate'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import type { Input } from '../../schemas/envelope.ts'
import type { RunInput } from '../../schemas/internal-messages.ts'
import type { TaskEnd } from '../../schemas/record.ts'
import type { Actor } from './actor.ts'
import { isEndless } from '../definition/check-cycles.ts'
import { nextDeadline } from './next-deadline.ts'
import { commit, reject, unchanged, type PendingRecord, type Message, type DecisionInput } from './commit.ts'
import type { Kind, Kinds } from '../definition/define-kind.ts'
import { resolveDeadLetter } from './resolve-dead-letter.ts'
import { internalAsInput, isRefusal, readInput, readInternal } from './read-input.ts'
import { isDuplicate, duplicateBy } from './deduplication.ts'
import { statePath } from './snapshot.ts'
import { step, type Settled } from './step.ts'
import { readData } from '../definition/upcast.ts'

/** Where and when a decision is made; the rest of it follows from the actor and the message. */
export interface DecisionContext {
  /** ISO, milliseconds. */
  readonly now: string
  readonly low: number
  /** LOG sequence of the actor's last record, 0 before the first. Where it is left out, the record does not say since when things stand. */
  readonly lastSeq?: number
}

/**
 * What one message does to one actor. `repeat` and `ignored` leave no trace in the log. `record` is to be appended. `threw`
 * comes back from an actor that has been live for a while: decide again on one fresh from the log, and it will not.
 */
export type Decision =
  | { readonly kind: 'repeat'; readonly by: 'position' | 'id' | 'sequence' }
  | { readonly kind: 'ignored'; readonly why: 'no_such_run' | 'nothing_due' | 'not_internal' }
  | { readonly kind: 'threw'; readonly error: unknown }
  | PendingRecord

/**
 * Decides what a message does to an actor: the core of Colloquy, and pure.
 *
 * @param fresh whether the actor was just loaded; a machine that throws on a fresh actor is rejected as `poison`.
 * @throws ColloquyError `newer_machine` where the actor was last decided on by a newer version of its kind than this one.
 */
export function decide(kinds: Kinds, actor: Actor, message: Message, moment: DecisionContext, fresh: boolean): Decision {
  if (isDuplicate(actor.inbox, message)) return { kind: 'repeat', by: 'position' }
  const at = moment.now > actor.at ? moment.now : actor.at
  const turn: DecisionInput = { actor, message, at, low: moment.low, lastSeq: moment.lastSeq }
  if (message.resolution === undefined) return decideOn(kinds, turn, fresh)
  return resolveDeadLetter(turn, message.resolution, (asBefore) => decideOn(kinds, asBefore, fresh))
}

function decideOn(kinds: Kinds, turn: DecisionInput, fresh: boolean): Decision {
  const { actor, message, at } = turn
  if (!message.addressable) {
    return reject(turn, { reason: 'bad_subject', error: 'tokens must match [A-Za-z0-9_-]{1,128}', input: salvagedInput(message) })
  }
  const kind = kinds.get(actor.address.kind)
  if (message.origin === 'internal') return decideInternal(turn, kind, fresh)

  const read = readInput(message)
  if (isRefusal(read)) return reject(turn, read)
  const by = duplicateBy(actor.seen, read)
  if (by !== undefined) return { kind: 'repeat', by }
  if (kind === undefined) return reject(turn, { reason: 'unknown_kind', error: `no kind "${actor.address.kind}" here`, input: read })
  const data = readData(kind, read)
  if (!data.ok) return reject(turn, { reason: 'bad_data', error: data.error, input: read })
  if (read.history === true) return commit(turn, kind, read, unchanged(turn))
  if (isEnded(actor)) return reject(turn, { reason: 'ended', error: `the actor has ended in "${statePath(actor.state)}"`, input: read })
  const event = { type: read.type, id: read.id, time: read.time, at, source: read.source, data: data.data }
  return run(turn, kind, read, event, undefined, fresh)
}

const isEnded = (actor: Actor): boolean => actor.status === 'done' || actor.status === 'error'

const salvagedInput = (message: Message): Input => {
  const read = readInput(message)
  return isRefusal(read) ? read.input : read
}

/** A result or timer counts only while its run is pending: a late one of an earlier run has another run's name. */
function decideInternal(turn: DecisionInput, kind: Kind | undefined, fresh: boolean): Decision {
  const internal = readInternal(turn.message)
  if (internal === undefined || kind === undefined) return { kind: 'ignored', why: 'not_internal' }
  if (internal.type !== 'alarm') return decideAbout(turn, kind, internal, fresh)
  const due = expiredRunOf(turn)
  if (due === undefined) return { kind: 'ignored', why: 'nothing_due' }
  // Should it be rejected, the letter says what the alarm was for.
  const message = { ...turn.message, payload: Buffer.from(JSON.stringify(due)) }
  return decideAbout({ ...turn, message, expiredRun: due.run }, kind, due, fresh)
}

function decideAbout(turn: DecisionInput, kind: Kind, internal: RunInput, fresh: boolean): Decision {
  const { actor } = turn
  const input = internalAsInput(turn.message, internal)
  if (internal.type === 'timer.fired') {
    const timer = actor.state?.timers[internal.run]
    return timer === undefined ? { kind: 'ignored', why: 'no_such_run' } : run(turn, kind, input, { ...timer.event, at: turn.at }, { run: internal.run }, fresh)
  }
  const task = actor.state?.tasks[internal.run]
  if (task === undefined) return { kind: 'ignored', why: 'no_such_run' }
  const ended = { run: internal.run, task: task.task, startedAt: task.startedAt, ...outcomeOf(internal) }
  return run(turn, kind, input, { ...outcomeEvent(task.child, internal), at: turn.at }, { run: internal.run, ended }, fresh)
}

/** What an alarm is for, by the clock of the server that stored it: deciding again must come to the same. */
function expiredRunOf({ actor, message }: DecisionInput): RunInput | undefined {
  const due = nextDeadline(actor.state)
  if (due === undefined || due.at > message.ts) return undefined
  const { at: _at, ...input } = due
  return input
}

type Outcome = Exclude<RunInput, { type: 'timer.fired' }>

const DEADLINE = { code: 'deadline' satisfies ErrorCode, message: 'the deadline passed before the task had an outcome' }

function outcomeEvent(child: string, outcome: Outcome): AnyEventObject {
  if (outcome.type === 'task.done') return { type: `xstate.done.actor.${child}`, output: outcome.output, actorId: child }
  return { type: `xstate.error.actor.${child}`, error: outcome.type === 'task.failed' ? outcome.error : DEADLINE, actorId: child }
}

function outcomeOf(outcome: Outcome): Omit<TaskEnd, 'run' | 'task' | 'startedAt'> {
  if (outcome.type === 'task.expired') return { status: 'expired', error: DEADLINE }
  const { attempts, queueMs, durationMs } = outcome
  if (outcome.type === 'task.done') return { status: 'done', attempts, queueMs, durationMs }
  return { status: 'failed', attempts, queueMs, durationMs, error: outcome.error }
}

function run(turn: DecisionInput, kind: Kind, input: Input, event: AnyEventObject, settled: Settled | undefined, fresh: boolean): Decision {
  try {
    return commit(turn, kind, input, step(turn, kind, input, event, settled))
  } catch (error) {
    if (error instanceof ColloquyError && hasCode(error, 'newer_machine')) throw error
    if (!fresh) return { kind: 'threw', error }
    const code = error instanceof ColloquyError ? error.code : isEndless(error) ? 'always_cycle' satisfies ErrorCode : undefined
    return reject(turn, { reason: 'poison', error: `${code === undefined ? '' : `${code}: `}${messageOf(error)}`, input })
  }
}

