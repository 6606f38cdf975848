import { type AnyActorRef, type AnyEventObject, type AnyMachineSnapshot, type AnyStateMachine, stopChild } from 'xstate'
import { type Configuration, type Configurations, createConfigurations, type Selector } from './configurations.ts'
import type { Kinds } from './kind.ts'
import { createPureMachine, type PureMachine, type Scope, type Shortcut, type TransitionResult } from './pure-machine.ts'
import { type ActionRun, runActions } from './run-actions.ts'
import type { DoneState, ParsedTransition } from './step-plans.ts'
import { isFunction, type Node } from './walk-machine.ts'

/** Who made a transition. */
export type MadeBy = 'compiled' | 'xstate'

/** The same kinds, with their decisions compiled. The records are the same. */
export const compiledKinds = (kinds: Kinds): Kinds =>
  new Map([...kinds].map(([name, kind]) => [name, { ...kind, pure: compiledMachine(kind.machine) }]))

/** Options of `compiledMachine`. */
export interface CompileOptions {
  /** Is told of each `next` who made it. Default: nobody is. */
  readonly observe?: (by: MadeBy) => void
  /** What is remembered of one machine: configurations, candidates of event types, and steps together. Default 5,000. */
  readonly rememberedMax?: number | undefined
}

/** The machine as pure functions, compiled. */
export function compiledMachine(machine: AnyStateMachine, { observe, rememberedMax }: CompileOptions = {}): PureMachine {
  const compiled = compileMachine(machine, rememberedMax)
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
 * It leaves a decision to XState where a function of the machine throws, so that the error is XState's own, and where the machine spawns in
 * an `assign`, does not come to rest, or does not handle an error. Since nothing is carried out, nothing has happened yet then.
 */
function compileMachine(machine: AnyStateMachine, rememberedMax: number | undefined): Shortcut {
  const configurations = createConfigurations(machine, rememberedMax)
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

/** What XState calls a macrostep: the event and all that follows from it, until the machine is at rest. */
interface Macrostep extends ActionRun {
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
  const parts: { readonly children: Readonly<Record<string, AnyActorRef>> } = working
  const run: Macrostep = {
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
  const { queue } = run
  let selected: readonly ParsedTransition[] = selectFor(run, first)
  if (selected.length === 0 && first.type.startsWith('xstate.error.actor')) return undefined
  let isEverChanged = microstep(run, selected)
  let mayBeEventless = true
  for (let microsteps = 1; working.status === 'active'; microsteps++) {
    if (microsteps > microstepsMax) return undefined
    selected = mayBeEventless ? selectAlways(run) : []
    const isEventless = selected.length > 0
    if (!isEventless) {
      if (queue.length === 0) break
      const next = queue.shift()
      if (next === undefined) return undefined
      run.event = next
      selected = selectFor(run, next)
    }
    const isChanged = microstep(run, selected)
    isEverChanged ||= isChanged
    mayBeEventless = !isEventless || isChanged
  }
  if (run.isForXState) return undefined
  if (working.status !== 'active') {
    // A snapshot that has ended keeps its children, though they are stopped.
    const { children } = parts
    const stops = Object.values(children).map((child) => stopChild(child))
    runActions(run, stops, { internalQueue: [], deferredActorIds: undefined })
    return [Object.assign(working, { children }), run.actions]
  }
  const atRest = configurations.atRest(run.configuration, working)
  if (!isEverChanged && atRest === configuration) return [snapshot, run.actions]
  stand(working, atRest)
  return [working, run.actions]
}

function stand(snapshot: AnyMachineSnapshot, { nodes, value, tags, history }: Configuration): void {
  snapshot._nodes = nodes
  snapshot.value = value
  snapshot.tags = tags
  snapshot.historyValue = history
}

/** Takes transitions. @returns whether XState would have made another snapshot */
function microstep(run: Macrostep, selected: readonly ParsedTransition[]): boolean {
  if (selected.length === 0) return false
  const { configurations, snapshot, scope, queue } = run
  run.isChanged = false
  const { planned, next } = configurations.step(run.configuration, selected, snapshot, scope)
  for (const group of planned.groups) {
    runActions(run, group.actions, { internalQueue: queue, deferredActorIds: group.deferredActorIds })
    for (const state of group.done) queue.push(doneEvent(run, state))
    if (group.ends !== undefined) end(run, group.ends)
  }
  if (next === undefined) return run.isChanged
  run.configuration = next
  stand(snapshot, next)
  return true
}

const doneEvent = ({ snapshot, event, scope }: Macrostep, { type, output }: DoneState): AnyEventObject => ({
  type,
  output: outputOf(output, snapshot, event, scope),
})

/** The output of a final state, from a value or a function. */
const outputOf = (output: unknown, { context }: { readonly context: unknown }, event: AnyEventObject, { self }: Scope): unknown =>
  isFunction(output) ? output({ context, event, self }) : output

/** Ends the machine in the final state `node`, or with the outermost state that is done. */
function end({ snapshot, event, scope }: Macrostep, node: Node): void {
  const { root }: { root: Node } = snapshot.machine
  const done = (): AnyEventObject => ({
    type: `xstate.done.state.${node.id}`,
    output: node.parent === undefined ? undefined : outputOf(node.output, snapshot, event, scope),
  })
  const output = root.output === undefined ? undefined : outputOf(root.output, snapshot, done(), scope)
  Object.assign(snapshot, { status: 'done', output })
}

function selectFor(run: Macrostep, event: AnyEventObject): ParsedTransition[] {
  const selected: ParsedTransition[] = []
  select(run, run.configurations.selector(run.configuration, event), event, selected)
  return selected
}

/** @returns whether a transition was found */
function select(run: Macrostep, { regions, candidates }: Selector, event: AnyEventObject, selected: ParsedTransition[]): boolean {
  let isFound = false
  for (const region of regions) isFound = select(run, region, event, selected) || isFound
  if (isFound) return true
  const { snapshot } = run
  for (const { transition, guard } of candidates) {
    if (guard !== undefined && !Boolean(guard(snapshot.context, event, snapshot))) continue
    selected.push(transition)
    return true
  }
  return false
}

const NONE: readonly ParsedTransition[] = []

function selectAlways({ configuration, event, snapshot }: Macrostep): readonly ParsedTransition[] {
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
