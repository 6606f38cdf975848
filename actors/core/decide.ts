import type { AnyEventObject } from 'xstate'
import { isChildMessage } from '../../schemas/child-messages.ts'
import type { Input } from '../../schemas/envelope.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { messageOf } from '../../schemas/errors.ts'
import { ANSWER_JUDGED } from '../../schemas/events.ts'
import type { JudgedMessage, OperatorMessage, RunInput } from '../../schemas/internal-messages.ts'
import { ACTOR_CANCELLED, ACTOR_RESET } from '../../schemas/operator-events.ts'
import type { TaskEnd } from '../../schemas/record.ts'
import type { Kind, Kinds } from '../definition/kind.ts'
import { senderProblem } from '../definition/sent-by.ts'
import { isJudgement, type ReadData, readData } from '../definition/upcast.ts'
import type { Actor } from './actor.ts'
import { decideCancel } from './cancel.ts'
import { commit, reject, unchanged } from './commit.ts'
import { decideChildMessage } from './decide-child.ts'
import type { Decision, DecisionContext, DecisionInput, Message } from './decision.ts'
import { duplicateBy, isRedelivery } from './deduplication.ts'
import { everyDueOf } from './every.ts'
import { nextDeadline } from './next-deadline.ts'
import { internalAsInput, internalEventAsInput, isRefusal, readInput, readInternal } from './read-input.ts'
import { decideReset } from './reset.ts'
import { resolveDeadLetter } from './resolve-dead-letter.ts'
import { statePath } from './snapshot.ts'
import { hostEnded, isEnded, rejectAsPoison, transition } from './transition.ts'

/**
 * Decides what a message does to an actor. This pure function is the core of Colloquy.
 *
 * @param fresh whether the actor was just loaded from its last record. Where the machine throws on a fresh actor, the input is rejected as
 * `poison`.
 * @throws ColloquyError `newer_machine` where a newer version of the kind made the actor's last record.
 */
export function decide(kinds: Kinds, actor: Actor, message: Message, context: DecisionContext, fresh: boolean): Decision {
  if (isRedelivery(actor.inbox, message)) return { kind: 'duplicate', by: 'position' }
  const at = timeAfter(actor.at, context.now)
  const { low, lastSeq, hostEnds, chain } = context
  const decisionInput: DecisionInput = { actor, message, at, low, lastSeq, hostEnds, chain }
  if (message.resolution === undefined) return decideMessage(kinds, decisionInput, fresh)
  return resolveDeadLetter(decisionInput, message.resolution, (asBefore) => decideMessage(kinds, asBefore, fresh))
}

/**
 * An actor whose last record is further ahead than this had it from a clock that was wrong, and takes the time as it is: its timers would
 * wait until that time comes.
 */
const CLOCK_AHEAD_MS_MAX = 3_600_000

/** The time of a record: never before the actor's last one, unless that one is far ahead. */
function timeAfter(lastAt: string, now: string): string {
  if (now > lastAt) return now
  return Date.parse(lastAt) - Date.parse(now) > CLOCK_AHEAD_MS_MAX ? now : lastAt
}

function decideMessage(kinds: Kinds, decisionInput: DecisionInput, fresh: boolean): Decision {
  const { actor, message, at } = decisionInput
  if (!message.addressable) {
    return reject(decisionInput, {
      reason: 'bad_subject',
      error: 'tenant, kind and id must match [A-Za-z0-9_-]{1,128}',
      input: readableInput(message),
    })
  }
  const kind = kinds.get(actor.address.kind)
  if (message.origin === 'internal') return decideInternal(decisionInput, kind, fresh)

  const sent = readInput(message, message.origin === 'actor')
  if (isRefusal(sent)) return reject(decisionInput, sent)
  const by = duplicateBy(actor.dedupState, sent)
  if (by !== undefined) return { kind: 'duplicate', by }
  if (kind === undefined) {
    return reject(decisionInput, { reason: 'unknown_kind', error: `no kind "${actor.address.kind}" here`, input: sent })
  }
  if (decisionInput.hostEnds !== undefined) return rejectAsPoison(decisionInput, sent, hostEnded(decisionInput.hostEnds))
  if (message.origin === 'actor' && isChildMessage(sent.type)) return decideChildMessage(decisionInput, kind, sent, fresh)
  const data = dataOf(kind, sent)
  if (data instanceof Error) return rejectAsPoison(decisionInput, sent, data)
  if (!data.ok) return reject(decisionInput, { reason: 'bad_data', error: data.error, input: sent })
  const read = data.given === sent.data ? sent : { ...sent, data: data.given }
  const wrongSender = senderProblem(kind.sentBy, read, message.origin)
  if (wrongSender !== undefined) return reject(decisionInput, { reason: 'bad_data', error: wrongSender, input: read })
  if (read.history === true || isJudgement(kind, read.type)) return commit(decisionInput, kind, read, unchanged(decisionInput))
  if (isEnded(actor)) {
    return reject(decisionInput, { reason: 'ended', error: endedText(actor), input: read })
  }
  const own = { type: read.type, id: read.id, time: read.time, arrivedAt: message.ts, at, source: read.source, data: data.data }
  const event = kind.dataBesideType === true ? { ...data.data, ...own } : own
  return transition(decisionInput, kind, read, event, undefined, fresh)
}

/** A schema or an upcaster of the kind may throw, as any of its code. */
function dataOf(kind: Kind, input: Input): ReadData | Error {
  try {
    return readData(kind, input)
  } catch (error) {
    return error instanceof Error ? error : new Error(messageOf(error))
  }
}

const endedText = ({ state }: Actor): string => `the actor has ended in "${statePath(state)}"`

const readableInput = (message: Message): Input => {
  const read = readInput(message, message.origin === 'actor')
  return isRefusal(read) ? read.input : read
}

/** A result or timer counts only while its run is pending. A late result of an earlier run carries that run's name and is ignored. */
function decideInternal(decisionInput: DecisionInput, kind: Kind | undefined, fresh: boolean): Decision {
  const internal = readInternal(decisionInput.message)
  if (internal === undefined) return { kind: 'ignored', why: 'not_internal' }
  if (internal.type === ACTOR_RESET || internal.type === ACTOR_CANCELLED) return decideOperator(decisionInput, kind, internal, fresh)
  if (kind === undefined) return { kind: 'ignored', why: 'not_internal' }
  if (internal.type === ANSWER_JUDGED) return decideJudged(decisionInput, kind, internal)
  if (internal.type !== 'alarm') return decideRun(decisionInput, kind, internal, fresh)
  const expired = expiredRunOf(decisionInput)
  if (expired === undefined) return { kind: 'ignored', why: 'nothing_expired' }
  // A rejection keeps this payload, so that its dead letter says which run expired.
  const message = { ...decisionInput.message, payload: Buffer.from(JSON.stringify(expired)) }
  return decideRun({ ...decisionInput, message, expiredRun: expired.run }, kind, expired, fresh)
}

/** A judgement is recorded once, also in a final state, and the machine does not see it. */
function decideJudged(decisionInput: DecisionInput, kind: Kind, message: JudgedMessage): Decision {
  const input = internalEventAsInput(decisionInput.message, message)
  const by = duplicateBy(decisionInput.actor.dedupState, input)
  return by === undefined ? commit(decisionInput, kind, input, unchanged(decisionInput)) : { kind: 'duplicate', by }
}

/** What an operator does with an actor is recorded once, also in a final state. */
function decideOperator(decisionInput: DecisionInput, kind: Kind | undefined, message: OperatorMessage, fresh: boolean): Decision {
  const { actor } = decisionInput
  if (actor.n === 0) return { kind: 'ignored', why: 'no_such_actor' }
  const input = internalEventAsInput(decisionInput.message, message)
  const by = duplicateBy(actor.dedupState, input)
  if (by !== undefined) return { kind: 'duplicate', by }
  if (message.type === ACTOR_RESET) {
    if (kind === undefined) return reject(decisionInput, { reason: 'unknown_kind', error: `no kind "${actor.address.kind}" here`, input })
    if (decisionInput.hostEnds !== undefined) return rejectAsPoison(decisionInput, input, hostEnded(decisionInput.hostEnds))
    return decideReset(decisionInput, kind, input, message)
  }
  if (isEnded(actor)) return reject(decisionInput, { reason: 'ended', error: endedText(actor), input })
  return decideCancel(decisionInput, kind, input, fresh)
}

function decideRun(decisionInput: DecisionInput, kind: Kind, internal: RunInput, fresh: boolean): Decision {
  const { actor } = decisionInput
  const input = internalAsInput(decisionInput.message, internal)
  if (internal.type === 'timer.fired') {
    const timer = actor.state?.timers[internal.run]
    return timer === undefined
      ? { kind: 'ignored', why: 'no_such_run' }
      : transition(
          decisionInput,
          kind,
          input,
          { ...timer.event, at: decisionInput.at },
          { run: internal.run, due: everyDueOf(timer) },
          fresh,
        )
  }
  const task = actor.state?.tasks[internal.run]
  if (task === undefined) return { kind: 'ignored', why: 'no_such_run' }
  const ended = { run: internal.run, task: task.task, startedAt: task.startedAt, ...outcomeOf(internal) }
  return transition(
    decisionInput,
    kind,
    input,
    { ...outcomeEvent(task.child, internal), at: decisionInput.at },
    { run: internal.run, ended },
    fresh,
  )
}

/**
 * The run that has expired when a wake-up arrives. It is computed at the time at which the server stored the message, so that deciding
 * again gives the same run.
 */
function expiredRunOf({ actor, message }: DecisionInput): RunInput | undefined {
  const deadline = nextDeadline(actor.state)
  if (deadline === undefined || deadline.at > message.ts) return undefined
  const { at: _at, ...input } = deadline
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
  if (outcome.type === 'task.done') {
    const { attemptError } = outcome
    return { status: 'done', attempts, queueMs, durationMs, ...(attemptError !== undefined && { attemptError }) }
  }
  return { status: 'failed', attempts, queueMs, durationMs, error: outcome.error }
}
