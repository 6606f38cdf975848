import { childDoneType, type ChildEnd, childErrorType, type ChildMessage, readChildMessage } from '../../schemas/child-messages.ts'
import type { Input } from '../../schemas/envelope.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import type { State } from '../../schemas/record.ts'
import { parseActorSource } from '../../schemas/subjects.ts'
import type { Kind } from '../definition/kind.ts'
import { endForParent, type Parent } from './children.ts'
import { commit, type Outcomes, reject, unchanged } from './commit.ts'
import { type Decision, type DecisionInput, idBase } from './decision.ts'
import { pendingRunsOf } from './snapshot.ts'
import { stopAll } from './stop-all.ts'
import { isEnded, transition } from './transition.ts'

/**
 * Decides a message between an actor and its child. Each leaves a record: one that comes too late changes nothing, such as the end of a
 * child that its parent has stopped, or the stop of a child that has ended.
 *
 * @param input from another actor, as the subject of its message tells
 */
export function decideChildMessage(decisionInput: DecisionInput, kind: Kind, input: Input, fresh: boolean): Decision {
  const message = readChildMessage(input)
  const sender = parseActorSource(input.source)
  if (message === undefined || sender === undefined) {
    return reject(decisionInput, { reason: 'bad_data', error: `not a message between an actor and its child: ${input.type}`, input })
  }
  switch (message.what) {
    case 'start': {
      const { run, child, depth, input: given } = message
      return start(decisionInput, kind, input, { parent: { kind: sender.kind, id: sender.id, run, child, depth }, input: given }, fresh)
    }
    case 'stop':
      return commit(decisionInput, kind, input, stopsHere(decisionInput, message) ? stopped(decisionInput) : unchanged(decisionInput))
    case 'done':
    case 'error':
      return childEnded(decisionInput, kind, input, message, fresh)
  }
}

interface Start {
  readonly parent: Parent
  readonly input: unknown
}

function start(decisionInput: DecisionInput, kind: Kind, input: Input, given: Start, fresh: boolean): Decision {
  const { actor, at } = decisionInput
  // Its parent stopped it before it could start, because its start was rejected and has been redriven.
  if (isEnded(actor)) return commit(decisionInput, kind, input, unchanged(decisionInput))
  if (actor.state === null) return transition(decisionInput, kind, input, { type: input.type, at }, undefined, fresh, given)
  const error = {
    code: 'child_exists' satisfies ErrorCode,
    message: `an actor ${kind.name}/${actor.address.id} existed before its start as a child`,
  }
  return commit(decisionInput, kind, input, {
    ...unchanged(decisionInput),
    sent: [endForParent(`${idBase(decisionInput)}-s1`, given.parent, { error })],
  })
}

/** A child is stopped by the run that started it. One without a state has had its start rejected. */
function stopsHere({ actor }: DecisionInput, { run }: Extract<ChildMessage, { what: 'stop' }>): boolean {
  return !isEnded(actor) && (actor.state === null || actor.case?.parent?.run === run)
}

/** The machine does not see the stop: as in XState, no exit action runs. */
function stopped(decisionInput: DecisionInput): Outcomes {
  const { state } = decisionInput.actor
  let count = 0
  const { runs, ended, sent } = stopAll(pendingRunsOf(state), () => `${idBase(decisionInput)}-s${(count += 1)}`)
  const atRest: State | null = state === null ? null : { ...state, tasks: {}, timers: {}, children: undefined }
  return {
    ...unchanged(decisionInput),
    state: atRest,
    snapshot: undefined,
    status: 'stopped',
    stopped: [...runs],
    ended: [...ended],
    sent: sent.length === 0 ? undefined : [...sent],
  }
}

/** The end counts only while its run is pending, as the outcome of a task does. */
function childEnded(decisionInput: DecisionInput, kind: Kind, input: Input, end: ChildEnd, fresh: boolean): Decision {
  const { actor, at } = decisionInput
  const pending = pendingRunsOf(actor.state).children[end.run]
  if (pending === undefined || isEnded(actor)) return commit(decisionInput, kind, input, unchanged(decisionInput))
  const { child } = pending
  const event =
    end.what === 'done'
      ? { type: childDoneType(child), output: end.output, actorId: child, at }
      : { type: childErrorType(child), error: end.error, actorId: child, at }
  return transition(decisionInput, kind, input, event, { run: end.run }, fresh)
}
