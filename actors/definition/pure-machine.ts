import {
  createActor, type AnyEventObject, type AnyMachineSnapshot, type AnyStateMachine, type ExecutableActionObject, type Snapshot,
} from 'xstate'
import { ColloquyError } from '../../schemas/errors.ts'

/** What a machine did: its next snapshot, and what it wants done, none of which has been done. */
export type TransitionResult = readonly [AnyMachineSnapshot, readonly ExecutableActionObject[]]

type Scope = Parameters<AnyStateMachine['transition']>[2]

/** A machine as a pure function. */
export interface PureMachine {
  initial(input: unknown): TransitionResult
  next(snapshot: AnyMachineSnapshot, event: AnyEventObject): TransitionResult
  /** A snapshot from its JSON. Nothing is started. */
  restore(persisted: Snapshot<unknown>): AnyMachineSnapshot
}

/**
 * The same as XState's own `initialTransition` and `transition`, which make an actor, and with it an initial state, for every
 * call: two thirds of their time. Here one actor that is never started serves as the scope of many calls; a call that
 * brought children into it leaves a new one to the next.
 */
export function createPureMachine(machine: AnyStateMachine): PureMachine {
  let scope: Scope | undefined
  const call = (transition: (scope: Scope) => AnyMachineSnapshot): TransitionResult => {
    const actions: ExecutableActionObject[] = []
    const used = { ...(scope ??= createScope(machine)), actionExecutor: (action: ExecutableActionObject) => void actions.push(action) }
    const snapshot = transition(used)
    if (Object.keys(snapshot.children as object).length > 0) scope = undefined
    return [snapshot, actions]
  }
  return {
    initial: (input) => call((used) => machine.getInitialSnapshot(used, input)),
    next: (snapshot, event) => call((used) => machine.transition(snapshot, event, used)),
    restore: (persisted) => call((used) => machine.restoreSnapshot(persisted, used))[0],
  }
}

function createScope(machine: AnyStateMachine): Scope {
  const self = createActor(machine)
  // Nobody would ever take it up: only the action sendTo is carried out.
  self.send = () => { throw new ColloquyError('send_to_other', 'self.send(…) is called by a function of the machine, which may have no effects; use the action raise or sendTo') }
  const noop = (): void => undefined
  return {
    self, system: self.system, id: '', sessionId: '', defer: noop, logger: noop, stopChild: noop, emit: noop, actionExecutor: noop,
  }
}
