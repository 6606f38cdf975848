import type { AnyMachineSnapshot } from 'xstate'
import type { Input } from '../../schemas/envelope.ts'
import { ANSWER_JUDGED } from '../../schemas/events.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { isOperatorEvent } from '../../schemas/operator-events.ts'
import { payloadText } from '../../schemas/payload-text.ts'
import type { Case, LogRecord, Reason, State } from '../../schemas/record.ts'
import { encodeRecord } from '../../schemas/record-form.ts'
import { type Kind, machineName } from '../definition/kind.ts'
import { actorAfter } from './actor.ts'
import { nextCase } from './cases.ts'
import type { DecisionInput, PendingRecord } from './decision.ts'
import { type DedupState, rememberInput, rememberRedriven } from './deduplication.ts'
import { followerIn } from './follow.ts'
import { nextDeadline } from './next-deadline.ts'
import { statePath } from './snapshot.ts'
import { causeOf, nextStateIntervals } from './state-intervals.ts'

/** The fields of a committed record that the machine determines. */
export interface Outcomes extends Pick<
  LogRecord,
  'to' | 'state' | 'status' | 'label' | 'emitted' | 'started' | 'timers' | 'stopped' | 'ended' | 'sent'
> {
  readonly error?: string | undefined
  /** The actor's parent, where this record starts it as a child. */
  readonly parent?: Case['parent']
  /** `<kind>@<version>` of an earlier version, if the state still has its form. Default: the present version of the kind. */
  readonly machine?: string
  readonly snapshot: AnyMachineSnapshot | undefined
}

/** The outcome of an input that the machine does not see, such as imported history: only the counts of the case change. */
export const unchanged = ({ actor }: DecisionInput): Outcomes => ({
  to: statePath(actor.state),
  state: actor.state,
  status: actor.status,
  label: actor.label,
  snapshot: actor.snapshot,
  ...(actor.state === null ? {} : { machine: actor.machine }),
  emitted: [],
  started: [],
  timers: [],
  stopped: [],
  ended: [],
})

/** Builds the record of a committed input. Rejects the input as `state_too_large` where the record would exceed a limit. */
export function commit(decisionInput: DecisionInput, kind: Kind | undefined, input: Input, outcomes: Outcomes): PendingRecord {
  const { actor, message, at, low } = decisionInput
  const { to, state, status, label, emitted, sent, started, timers, stopped, ended, error, snapshot, parent } = outcomes
  const machine = outcomes.machine ?? (kind === undefined ? actor.machine : machineName(kind))
  const inbox = { seq: message.seq, ts: message.ts }
  const from = statePath(actor.state)
  const cause = causeOf(actor, input, message.origin === 'internal')
  const { case: nextCaseValue, answered } = nextCase({
    at,
    inbox,
    outcome: 'committed',
    input,
    follower: followerIn(message, input),
    parent,
    from,
    label,
    emitted,
    started,
    ended,
    ...previousCase(decisionInput),
    cause,
  })
  const { since, left } = nextStateIntervals(actor, state, decisionInput.lastSeq, cause)
  const isRemembered = message.origin !== 'internal' || input.type === ANSWER_JUDGED || isOperatorEvent(input.type)
  const seen = withRedrivenId(decisionInput, isRemembered ? rememberInput(actor.dedupState, input) : actor.dedupState)
  // Every record has the same fields in the same order, with `undefined` for absent ones: V8 builds and serialises that faster.
  const committed: LogRecord = {
    ...formOf(decisionInput, state),
    n: actor.n + 1,
    at,
    inbox,
    low,
    outcome: 'committed',
    machine,
    input,
    from,
    to,
    state,
    status,
    label,
    emitted,
    sent,
    started,
    timers,
    stopped,
    ended,
    error,
    case: nextCaseValue,
    answered,
    since,
    left,
    seen,
    resolves: decisionInput.resolvedDeadLetter,
  }
  const encoded = encodeRecord(committed)
  const problem = encoded.length > LIMITS.stateBytesMax ? sizeProblem(committed, encoded.length) : undefined
  if (problem !== undefined) return reject(decisionInput, { reason: 'state_too_large', error: problem, input })
  return { kind: 'record', record: committed, encoded, next: actorAfter(actor.address, committed, snapshot) }
}

/** Remembers a redriven dead letter like an input's id, so that a second redrive has no effect. */
const withRedrivenId = ({ resolvedDeadLetter }: DecisionInput, state: DedupState): DedupState =>
  resolvedDeadLetter?.end === 'redriven' ? rememberRedriven(state, resolvedDeadLetter) : state

const previousCase = ({ actor, lastSeq }: DecisionInput) => ({ before: actor.case, labelBefore: actor.label, lastSeq })

/** The fields that only a record of form 2 has. */
const formOf = ({ chain }: DecisionInput, state: State | null): Pick<LogRecord, 'v' | 'due' | 'prev' | 'salt'> =>
  chain === undefined
    ? { v: 1, due: undefined, prev: undefined, salt: undefined }
    : { v: 2, due: nextDeadline(state)?.at, prev: chain.prev, salt: chain.salt }

function sizeProblem(committed: LogRecord, bytes: number): string | undefined {
  if (bytes > LIMITS.recordBytesMax) return `the record would have ${bytes} bytes; the limit is ${LIMITS.recordBytesMax}`
  const stateBytes = Buffer.byteLength(JSON.stringify(committed.state))
  return stateBytes > LIMITS.stateBytesMax ? `the state would have ${stateBytes} bytes; the limit is ${LIMITS.stateBytesMax}` : undefined
}

/**
 * Builds the record of a rejected input. The actor keeps its state; its counters grow. If the input is the expiry of a run, the state marks
 * that run, so that no wake-up is set for it again.
 */
export function reject(decisionInput: DecisionInput, refusal: { reason: Reason; error: string; input: Input }): PendingRecord {
  const { actor, message, at, low, resolvedDeadLetter } = decisionInput
  const { data: _data, ...input } = refusal.input
  const path = statePath(actor.state)
  const state = markRefused(actor.state, decisionInput.expiredRun)
  const partial = {
    ...formOf(decisionInput, state),
    n: actor.n + 1,
    at,
    inbox: { seq: message.seq, ts: message.ts },
    low,
    outcome: 'rejected' as const,
    reason: refusal.reason,
    error: refusal.error.slice(0, 1024).toWellFormed(),
    subject: message.subject.toWellFormed(),
    payload: payloadText(message.payload),
    machine: actor.machine,
    input,
    from: path,
    to: path,
    state,
    status: actor.status,
    label: actor.label,
    emitted: [],
    started: [],
    timers: [],
    stopped: [],
    ended: [],
  }
  const rejected: LogRecord = {
    ...partial,
    ...nextCase({ ...partial, ...previousCase(decisionInput), cause: input.type }),
    ...nextStateIntervals(actor, actor.state, decisionInput.lastSeq, input.type),
    seen: withRedrivenId(decisionInput, actor.dedupState),
    ...(resolvedDeadLetter === undefined ? {} : { resolves: resolvedDeadLetter }),
  }
  return { kind: 'record', record: rejected, encoded: encodeRecord(rejected), next: undefined }
}

function markRefused(state: State | null, run: string | undefined): State | null {
  if (state === null || run === undefined) return state
  const {
    tasks: { [run]: task },
    timers: { [run]: timer },
  } = state
  return {
    ...state,
    ...(task === undefined ? {} : { tasks: { ...state.tasks, [run]: { ...task, refused: true } } }),
    ...(timer === undefined ? {} : { timers: { ...state.timers, [run]: { ...timer, refused: true } } }),
  }
}
