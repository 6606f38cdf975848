import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import { type Configuration, type Configurations, createConfigurations, type Selector } from './configurations.ts'
import type { Kinds } from './kind.ts'
import { createPureMachine, type PureMachine, type Scope, type Shortcut, type TransitionResult } from './pure-machine.ts'
import { type ActionRun, runActions } from './run-actions.ts'
import { outputOf, type ParsedTransition } from './step-plans.ts'

/** Who made a transition. */
export type MadeBy = 'compiled' | 'xstate'

/** The same kinds, with their decisions compiled. The records are the same. */
export const compiledKinds = (kinds: Kinds): Kinds =>
  new Map([...kinds].map(([name, kind]) => [name, { ...kind, pure: compiledMachine(kind.machine) }]))

/** The machine as pure functions, compiled. `observe` is told of each `next`. */
export function compiledMachine(machine: AnyStateMachine, observe?: (by: MadeBy) => void): PureMachine {
  const compiled = compileMachine(machine)
  if (observe === undefined) return createPureMachine(machine, compiled)
  return createPureMachine(machine, (snapshot, event, scope) => {
    const result = compiled(snapshot, event, scope)
    observe(result === undefined ? 'xstate' : 'compiled')
    return result
  })
}

/**
 * Compiles a machine: for each configuration and type of event, the candidate transitions, the states that each exits and enters, and the
 * actions in their order are worked out once. A decision runs guards and actions only.
 *
 * It leaves a decision to XState where a function of the machine throws, so that the error is XState's own, and where the machine ends,
 * spawns in an `assign`, or does not come to rest. Since nothing is carried out, nothing has happened yet then.
 */
function compileMachine(machine: AnyStateMachine): Shortcut {
  const configurations = createConfigurations(machine)
  const microstepsMax = machine.options.maxIterations ?? Infinity
  return (snapshot, event, scope) => {
    if (snapshot.status !== 'active' || event.type === 'xstate.stop') return undefined
    try {
      return macrostep(configurations, snapshot, event, scope, microstepsMax)
    } catch {
      return undefined
    }
  }
}

/** One decision while it is made. */
interface Decision extends ActionRun {
  readonly configurations: Configurations
  configuration: Configuration
}

function macrostep(
  configurations: Configurations,
  snapshot: AnyMachineSnapshot,
  first: AnyEventObject,
  scope: Scope,
  microstepsMax: number,
): TransitionResult | undefined {
  const configuration = configurations.of(snapshot)
  // One snapshot is changed in place until it is at rest; no function of a machine keeps it.
  const working: AnyMachineSnapshot = { ...snapshot }
  const decision: Decision = {
    configurations,
    configuration,
    snapshot: working,
    scope,
    queue: [],
    actions: [],
    event: first,
    isChanged: false,
    isForXState: false,
  }
  const { queue } = decision
  let selected: readonly ParsedTransition[] = selectFor(decision, first)
  if (selected.length === 0 && first.type.startsWith('xstate.error.actor')) return undefined
  let isEverChanged = microstep(decision, selected)
  let mayBeEventless = true
  for (let microsteps = 1; ; microsteps++) {
    if (microsteps > microstepsMax) return undefined
    selected = mayBeEventless ? selectAlways(decision) : []
    const isEventless = selected.length > 0
    if (!isEventless) {
      const next = queue.shift()
      if (next === undefined) break
      decision.event = next
      selected = selectFor(decision, next)
    }
    const isChanged = microstep(decision, selected)
    isEverChanged ||= isChanged
    mayBeEventless = !isEventless || isChanged
  }
  if (decision.isForXState) return undefined
  const atRest = configurations.atRest(decision.configuration, working)
  if (!isEverChanged && atRest === configuration) return [snapshot, decision.actions]
  stand(working, atRest)
  return [working, decision.actions]
}

function stand(snapshot: AnyMachineSnapshot, { nodes, value, tags, history }: Configuration): void {
  snapshot._nodes = nodes
  snapshot.value = value
  snapshot.tags = tags
  snapshot.historyValue = history
}

/** Takes transitions. @returns whether XState would have made another snapshot */
function microstep(decision: Decision, selected: readonly ParsedTransition[]): boolean {
  if (selected.length === 0) return false
  const { configurations, snapshot, scope, queue } = decision
  decision.isChanged = false
  const { planned, next } = configurations.step(decision.configuration, selected, snapshot, scope)
  if (planned === undefined) throw new Error('XState ends the machine')
  for (const { actions, deferredActorIds, done } of planned.groups) {
    runActions(decision, actions, { internalQueue: queue, deferredActorIds })
    for (const { type, output } of done) {
      queue.push({ type, output: outputOf(output, { context: snapshot.context, event: decision.event, self: scope.self }) })
    }
  }
  if (next === undefined) return decision.isChanged
  decision.configuration = next
  stand(snapshot, next)
  return true
}

function selectFor(decision: Decision, event: AnyEventObject): ParsedTransition[] {
  const selected: ParsedTransition[] = []
  select(decision, decision.configurations.selector(decision.configuration, event), event, selected)
  return selected
}

/** @returns whether a transition was found */
function select(decision: Decision, { regions, candidates }: Selector, event: AnyEventObject, selected: ParsedTransition[]): boolean {
  let isFound = false
  for (const region of regions) isFound = select(decision, region, event, selected) || isFound
  if (isFound) return true
  const { snapshot } = decision
  for (const { transition, guard } of candidates) {
    if (guard !== undefined && !Boolean(guard(snapshot.context, event, snapshot))) continue
    selected.push(transition)
    return true
  }
  return false
}

const NONE: readonly ParsedTransition[] = []

function selectAlways({ configuration, event, snapshot }: Decision): readonly ParsedTransition[] {
  if (configuration.always.length === 0) return NONE
  const selected: ParsedTransition[] = []
  for (const candidates of configuration.always) {
    for (const { transition, guard } of candidates) {
      if (guard !== undefined && !Boolean(guard(snapshot.context, event, snapshot))) continue
      if (!selected.includes(transition)) selected.push(transition)
      break
    }
  }
  return selected
}
