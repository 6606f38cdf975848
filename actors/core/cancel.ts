import type { Input } from '../../schemas/envelope.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import type { Kind } from '../definition/kind.ts'
import { readData } from '../definition/upcast.ts'
import { endForParent } from './children.ts'
import { commit, type Outcomes, unchanged } from './commit.ts'
import { type Decision, type DecisionInput, idBase } from './decision.ts'
import { pendingRunsOf } from './snapshot.ts'
import { step } from './step.ts'
import { stopAll } from './stop-all.ts'

/**
 * Stops an actor at once: its last record has no pending task or timer, and status `done`. It keeps its state.
 *
 * A kind that declares `actor.cancelled` takes it as an event first, and what it emits and sends is delivered; what it starts is not. Its
 * children are stopped with it, and its parent hears that it failed. An operator can cancel an actor whose machine throws: the record then
 * has the error.
 *
 * @throws ColloquyError `newer_machine` as `decide`
 */
export function decideCancel(decisionInput: DecisionInput, kind: Kind | undefined, input: Input, fresh: boolean): Decision {
  const stop = (outcomes: Outcomes): Decision => commit(decisionInput, kind, input, withoutRuns(decisionInput, outcomes))
  const untold = (error?: string): Decision => stop({ ...unchanged(decisionInput), ...(error !== undefined && { error }) })
  const { actor, hostEnds, message, at } = decisionInput
  if (kind === undefined || actor.state === null || !Object.hasOwn(kind.events, input.type)) return untold()
  const couldNot = (why: string): Decision => untold(`the kind has not taken "${input.type}": ${why}`)
  if (hostEnds !== undefined) return couldNot(hostEnds)
  try {
    const read = readData(kind, input)
    if (!read.ok) return couldNot(read.error)
    const { type, id, time, source } = input
    return stop(step(decisionInput, kind, input, { type, id, time, arrivedAt: message.ts, at, source, data: read.data }, undefined))
  } catch (error) {
    if (error instanceof ColloquyError && hasCode(error, 'newer_machine')) throw error
    // The actor in memory may be at fault: it is loaded again and decides once more.
    return fresh ? couldNot(messageOf(error)) : { kind: 'threw', error }
  }
}

/** What the parent of an actor hears. */
const CANCELLED = { code: 'child_cancelled' satisfies ErrorCode, message: 'an operator has cancelled the actor' }

/** The same outcome with nothing pending. A run that this very record would start is not started. */
function withoutRuns(decisionInput: DecisionInput, { started, timers: startedTimers, ...outcomes }: Outcomes): Outcomes {
  const { state, stopped, ended, status, sent: told = [] } = outcomes
  const early = new Set([...started, ...startedTimers].map(({ run }) => run))
  const ofBefore = <Run>(runs: Readonly<Record<string, Run>>) => Object.fromEntries(Object.entries(runs).filter(([run]) => !early.has(run)))
  let count = 0
  // Apart from the ids that the step itself has given.
  const nextSentId = (): string => `${idBase(decisionInput)}-e${(count += 1)}`
  const { tasks, timers, children } = pendingRunsOf(state)
  const rest = stopAll({ tasks: ofBefore(tasks), timers: ofBefore(timers), children }, nextSentId)
  const parent = decisionInput.actor.case?.parent
  const end = parent !== undefined && status === 'active' ? [endForParent(nextSentId(), parent, { error: CANCELLED })] : []
  const sent = [...told, ...rest.sent, ...end]
  return {
    ...outcomes,
    state: state && { ...state, tasks: {}, timers: {}, children: undefined },
    sent: sent.length === 0 ? undefined : sent,
    status: status === 'error' ? status : 'done',
    started: [],
    timers: [],
    stopped: [...stopped, ...rest.runs],
    ended: [...ended, ...rest.ended],
    snapshot: undefined,
  }
}
