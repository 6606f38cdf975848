import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import type { Scope } from './pure-machine.ts'
import { inRestoredForm } from './restored-form.ts'
import { ancestorsOf, type History, isLeaf, type ParsedTransition, type PlannedStep, planStep } from './step-plans.ts'
import { isFunction, isRecord, type Node, nodesOf } from './walk-machine.ts'

/** Active states in their order with what history states remember: all of a snapshot that decides which transitions there are. */
export interface Configuration {
  readonly nodes: Node[]
  readonly value: Value
  readonly tags: Set<string>
  readonly history: History
  /** For each active leaf the `always` transitions of it and of the states around it; leaves without any are left out. */
  readonly always: readonly (readonly Candidate[])[]
  readonly selectors: Map<string, Selector>
  readonly steps: Map<unknown, Step>
  /** The configuration in which a snapshot with these states comes to rest; undefined until it is asked for. */
  atRest: Configuration | undefined
}

type Value = string | { readonly [state: string]: Value }

/** The candidates for one event: those of the regions; if none of them passes, these. */
export interface Selector {
  readonly regions: readonly Selector[]
  readonly candidates: readonly Candidate[]
}

export interface Candidate {
  readonly transition: ParsedTransition
  /** Undefined where there is no guard. */
  readonly guard: Guard | undefined
}

type Guard = (context: unknown, event: AnyEventObject, snapshot: AnyMachineSnapshot) => unknown

/** A microstep, and the configuration after it; undefined where XState keeps the snapshot's. */
export interface Step {
  readonly planned: PlannedStep
  readonly next: Configuration | undefined
}

export interface Configurations {
  /** The configuration of a snapshot in its restored form. */
  of(snapshot: AnyMachineSnapshot): Configuration
  selector(configuration: Configuration, event: AnyEventObject): Selector
  /** The microstep that takes these transitions, of which there is at least one. */
  step(configuration: Configuration, selected: readonly ParsedTransition[], snapshot: AnyMachineSnapshot, scope: Scope): Step
  atRest(configuration: Configuration, snapshot: AnyMachineSnapshot): Configuration
}

/** Default of `rememberedMax`. */
const REMEMBERED_MAX = 5_000

/**
 * What is the same at every decision from one configuration. It is worked out at its first use.
 *
 * @param rememberedMax configurations, selectors and steps that are remembered together; at the bound all are forgotten. Default 5,000
 */
export function createConfigurations(machine: AnyStateMachine, rememberedMax = REMEMBERED_MAX): Configurations {
  const nodes = nodesOf(machine)
  const named = new Set(nodes.flatMap((node) => [...node.transitions.keys()]))
  const wildcards = [...named].filter((descriptor) => descriptor.endsWith('*'))
  // Kept for ever: a machine has so many transitions and no more.
  const numbers = new Map<ParsedTransition, number>()
  let byKey = new Map<string, Configuration>()
  let byNodes = new WeakMap<object, Configuration>()
  let remembered = 0

  const remember = (): void => {
    if (remembered++ < rememberedMax) return
    byKey = new Map()
    byNodes = new WeakMap()
    remembered = 0
  }

  function intern(snapshot: AnyMachineSnapshot): Configuration {
    const { _nodes, tags, historyValue }: { _nodes: Node[]; tags: Set<string>; historyValue: History } = snapshot
    const value = snapshot.value as Value
    const key = keyOf(_nodes, value, historyValue)
    const known = byKey.get(key)
    if (known !== undefined) return known
    remember()
    // A list of its own, because it is known by it.
    const own = [..._nodes]
    const always = own.flatMap((leaf) => {
      const candidates = isLeaf(leaf) ? [leaf, ...ancestorsOf(leaf)].flatMap((node) => candidatesOf(machine, node.always ?? [])) : []
      return candidates.length === 0 ? [] : [candidates]
    })
    const steps = new Map<unknown, Step>()
    const made: Configuration = { nodes: own, value, tags, history: historyValue, always, selectors: new Map(), steps, atRest: undefined }
    byKey.set(key, made)
    byNodes.set(own, made)
    return made
  }

  /** The key of all events that have the same candidates. Producers may invent types; those that no state names share their keys. */
  const eventKey = (type: string): string =>
    named.has(type) ? type : wildcards.length === 0 ? '' : ` ${wildcards.filter((descriptor) => matches(type, descriptor)).join(' ')}`

  function stepKey(selected: readonly ParsedTransition[]): unknown {
    if (selected.length === 1) return selected[0]
    return selected
      .map((transition) => {
        const number = numbers.get(transition) ?? numbers.size
        numbers.set(transition, number)
        return number
      })
      .join()
  }

  return {
    of: (snapshot) => byNodes.get(snapshot._nodes) ?? intern(snapshot),
    selector(configuration, { type }) {
      const key = eventKey(type)
      const known = configuration.selectors.get(key)
      if (known !== undefined) return known
      remember()
      const made = selectorOf(machine, machine.root, configuration.value, type)
      configuration.selectors.set(key, made)
      return made
    },
    step(configuration, selected, snapshot, scope) {
      const key = stepKey(selected)
      const known = configuration.steps.get(key)
      if (known !== undefined) return known
      const planned = planStep(selected, configuration.nodes, configuration.history)
      const { after } = planned
      const step = { planned, next: after === undefined ? undefined : intern(withStates(machine, snapshot, after, scope)) }
      remember()
      configuration.steps.set(key, step)
      return step
    },
    atRest(configuration, snapshot) {
      const { nodes: _nodes, value, tags, history: historyValue } = configuration
      return (configuration.atRest ??= intern(inRestoredForm({ ...snapshot, _nodes, value, tags, historyValue })))
    },
  }
}

function keyOf(nodes: readonly Node[], value: unknown, history: History): string {
  const orders = nodes.map(({ order }) => order).join()
  const ids = Object.keys(history)
  const past = ids.map((id) => `${id}:${history[id]?.map(({ order }) => order).join() ?? ''}`)
  return `${orders} ${JSON.stringify(value)} ${past.join(';')}`
}

/** The snapshot with these active states. XState works out its value and tags, as it does when it stops an actor, which runs nothing. */
function withStates(
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  { nodes, history }: { readonly nodes: readonly Node[]; readonly history: History },
  scope: Scope,
): AnyMachineSnapshot {
  const bare = Object.assign({}, snapshot, { _nodes: nodes, historyValue: history, children: {} })
  return machine.transition(bare, { type: 'xstate.stop' }, scope)
}

function selectorOf(machine: AnyStateMachine, node: Node, value: Value | undefined, type: string): Selector {
  const own = candidatesOf(machine, transitionsOf(node, type))
  const keys = typeof value === 'string' ? [value] : Object.keys(value ?? {})
  const regions = keys.map((key) => {
    const child = node.states[key]
    if (child === undefined) throw new Error(`no state "${key}"`)
    return selectorOf(machine, child, typeof value === 'string' ? undefined : value?.[key], type)
  })
  const [only, ...others] = regions
  // Of one state inside, its candidates come first.
  if (only !== undefined && others.length === 0) return { regions: only.regions, candidates: [...only.candidates, ...own] }
  return { regions, candidates: own }
}

/** The transitions of one state for an event: those that name it, then wildcards, the longest first. */
function transitionsOf({ transitions }: Node, type: string): ParsedTransition[] {
  const exact: readonly ParsedTransition[] = transitions.get(type) ?? []
  const wildcards = [...transitions.keys()]
    .filter((descriptor) => descriptor !== type && matches(type, descriptor))
    .sort((a, b) => b.length - a.length)
  return [...exact, ...wildcards.flatMap((descriptor): readonly ParsedTransition[] => transitions.get(descriptor) ?? [])]
}

/** Whether a descriptor is `*`, or `say.*` with whole tokens before its end. */
function matches(type: string, descriptor: string): boolean {
  if (descriptor === '*') return true
  if (!descriptor.endsWith('.*')) return false
  const tokens = type.split('.')
  const wanted = descriptor.split('.')
  const wildcard = wanted.indexOf('*')
  return wildcard === wanted.length - 1 && wanted.slice(0, wildcard).every((token, index) => token === tokens[index])
}

const candidatesOf = (machine: AnyStateMachine, transitions: readonly ParsedTransition[]): Candidate[] =>
  transitions.map((transition) => ({ transition, guard: guardOf(machine, transition.guard) }))

/** A guard with its implementation found. */
function guardOf(machine: AnyStateMachine, guard: unknown): Guard | undefined {
  if (guard === undefined) return undefined
  if (isFunction(guard)) return withCheck(guard) ?? ((context, event) => guard({ context, event }, undefined))
  const name = typeof guard === 'string' ? guard : isRecord(guard) ? guard['type'] : undefined
  const implementation: unknown = typeof name === 'string' ? machine.implementations.guards[name] : undefined
  if (!isFunction(implementation)) return implementation === undefined ? onlyXStateKnows : guardOf(machine, implementation)
  const builtIn = withCheck(implementation)
  if (builtIn !== undefined) return builtIn
  const params: unknown = isRecord(guard) ? guard['params'] : undefined
  if (isFunction(params)) return (context, event) => implementation({ context, event }, params({ context, event }))
  return (context, event) => implementation({ context, event }, params)
}

const onlyXStateKnows: Guard = () => {
  throw new Error('only XState knows what becomes of this guard')
}

/** One of XState's own guards, such as `stateIn` and `and`; undefined for any other. */
function withCheck(guard: unknown): Guard | undefined {
  if (!isRecord(guard) || !('check' in guard)) return undefined
  const { check } = guard
  return isFunction(check) ? (context, event, snapshot) => check(snapshot, { context, event }, guard) : onlyXStateKnows
}
