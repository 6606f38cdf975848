import { spawnChild, stopChild } from 'xstate'
import { isRecord, type Node } from './walk-machine.ts'

/** The states that each history state remembers, by its id, as a snapshot holds them. */
export type History = Readonly<Record<string, Node[]>>

/** A transition as XState has parsed it. */
export interface ParsedTransition {
  readonly source: Node
  readonly target: readonly Node[] | undefined
  readonly actions: readonly unknown[]
  readonly guard?: unknown
  readonly reenter: boolean
}

/** Actions that XState resolves together, and the `done` events of states that follow them. */
export interface ActionGroup {
  readonly actions: readonly unknown[]
  /** Ids of the invokes that these actions start; undefined where they enter no state. */
  readonly deferredActorIds: readonly string[] | undefined
  readonly done: readonly DoneState[]
  /** The final state that ends the machine, or the outermost one that is done with it; undefined where the machine goes on. */
  readonly ends?: Node | undefined
}

/** The event that tells of a finished state. `output` is a value or a function of context and event. */
export interface DoneState {
  readonly type: string
  readonly output: unknown
}

/** What a microstep does besides running guards and actions. */
export interface PlannedStep {
  readonly groups: readonly ActionGroup[]
  /** The active states and the history afterwards; undefined where XState keeps the snapshot's. */
  readonly after: { readonly nodes: readonly Node[]; readonly history: History } | undefined
}

/**
 * The microstep that takes these transitions from active states in this order: the exit set, the entry set and all actions in XState's
 * order. The algorithm is that of SCXML (https://www.w3.org/TR/scxml/#AlgorithmforSCXMLInterpretation) with XState's deviations from it.
 */
export function planStep(selected: readonly ParsedTransition[], active: readonly Node[], history: History): PlannedStep {
  const nodes = new Set(active)
  const transitions = withoutConflicts(selected, nodes, history)
  const groups: ActionGroup[] = []
  const exited = exitSet(transitions, nodes, history).sort((a, b) => b.order - a.order)
  const remembered = historyAfter(exited, nodes, history)
  for (const node of exited) {
    groups.push({ actions: [...node.exit, ...node.invoke.map(({ id }) => stopChild(id))], deferredActorIds: undefined, done: [] })
    nodes.delete(node)
  }
  groups.push({ actions: transitions.flatMap(({ actions }) => actions), deferredActorIds: undefined, done: [] })

  const { entered, byDefault } = entrySet(transitions, remembered)
  const completed = new Set<Node>()
  for (const node of [...entered].sort((a, b) => a.order - b.order)) {
    nodes.add(node)
    const tasks = node.invoke.map((invoke) =>
      spawnChild(invoke.src, { ...invoke, syncSnapshot: isRecord(invoke) && Boolean(invoke['onSnapshot']) }),
    )
    const { done, ends } = doneStates(node, nodes, completed)
    groups.push({
      actions: [...node.entry, ...tasks, ...(byDefault.has(node) ? node.initial.actions : [])],
      deferredActorIds: node.invoke.map(({ id }) => id),
      done,
      ends,
    })
  }
  const last = [...nodes]
  if (groups.some(({ ends }) => ends !== undefined)) {
    last.sort((a, b) => b.order - a.order)
    groups.push({ actions: last.flatMap(({ exit }) => exit), deferredActorIds: undefined, done: [] })
  }
  const isSame = remembered === history && nodes.size === active.length && active.every((node) => nodes.has(node))
  return {
    groups: groups.filter(({ actions, done, ends }) => actions.length > 0 || done.length > 0 || ends !== undefined),
    after: isSame ? undefined : { nodes: last, history: remembered },
  }
}

/** The states around `node`, innermost first, up to but without `limit`. */
export function ancestorsOf(node: Node, limit?: Node): Node[] {
  const ancestors: Node[] = []
  if (node === limit) return ancestors
  for (let { parent } = node; parent !== undefined && parent !== limit; parent = parent.parent) ancestors.push(parent)
  return ancestors
}

/** Whether a state that is entered has no states inside. */
export const isLeaf = ({ type }: Node): boolean => type === 'atomic' || type === 'final'

const isHistory = ({ type }: Node): boolean => type === 'history'
const childrenOf = (node: Node): Node[] => Object.values<Node>(node.states).filter((child) => !isHistory(child))

/** Without an outer state: whether the node is inside the machine at all, which all are. */
function isInside(node: Node, outer: Node | undefined): boolean {
  let { parent } = node
  while (parent !== undefined && parent !== outer) parent = parent.parent
  return parent === outer
}

const hasCommon = (one: readonly Node[], other: readonly Node[]): boolean => one.some((node) => other.includes(node))

/** Of two transitions that exit a common state, the one of the inner state stays; of two that are not nested, the first. */
function withoutConflicts(selected: readonly ParsedTransition[], nodes: ReadonlySet<Node>, history: History): readonly ParsedTransition[] {
  if (selected.length < 2) return selected
  const kept = new Set<ParsedTransition>()
  for (const one of selected) {
    const preempted = new Set<ParsedTransition>()
    let isPreempted = false
    for (const other of kept) {
      if (!hasCommon(exitSet([one], nodes, history), exitSet([other], nodes, history))) continue
      if (!isInside(one.source, other.source)) {
        isPreempted = true
        break
      }
      preempted.add(other)
    }
    if (isPreempted) continue
    for (const other of preempted) kept.delete(other)
    kept.add(one)
  }
  return [...kept]
}

function exitSet(transitions: readonly ParsedTransition[], nodes: ReadonlySet<Node>, history: History): Node[] {
  const exited = new Set<Node>()
  for (const { source, target, reenter } of transitions) {
    if (target === undefined || target.length === 0) continue
    const domain = domainOf({ source, target, reenter }, history)
    if (reenter && source === domain) exited.add(domain)
    for (const node of nodes) if (isInside(node, domain)) exited.add(node)
  }
  return [...exited]
}

/** The innermost state that a transition does not leave; undefined where it leaves the root. */
function domainOf(
  { source, target, reenter }: Pick<ParsedTransition, 'source' | 'target' | 'reenter'>,
  history: History,
): Node | undefined {
  const targets = effectiveTargets(target, history)
  if (!reenter && targets.every((node) => node === source || isInside(node, source))) return source
  const [head, ...tail] = [...targets, source]
  const common = head === undefined ? undefined : ancestorsOf(head).find((outer) => tail.every((node) => isInside(node, outer)))
  return common ?? (reenter ? undefined : source.machine.root)
}

/** The targets, with what a history state remembers, or its default, in its place. */
function effectiveTargets(target: readonly Node[] | undefined, history: History): Node[] {
  const targets = new Set<Node>()
  for (const node of target ?? []) {
    const found = isHistory(node) ? (history[node.id] ?? effectiveTargets(historyDefault(node).target, history)) : [node]
    for (const one of found) targets.add(one)
  }
  return [...targets]
}

/** The transition of a history state that remembers nothing. */
function historyDefault(node: Node): { readonly target: readonly Node[] } {
  const { parent } = node
  if (parent === undefined) throw new Error('a history state is inside another state')
  const { target }: { target?: unknown } = node.config
  if (target === undefined) return parent.type === 'parallel' ? { target: [parent] } : parent.initial
  return { target: (Array.isArray(target) ? target : [target]).map((one: unknown) => siblingOf(parent, one)) }
}

function siblingOf(parent: Node, target: unknown): Node {
  const found = typeof target === 'string' ? parent.states[target] : undefined
  if (found === undefined) throw new Error('only XState knows this target of a history state')
  return found
}

function historyAfter(exited: readonly Node[], nodes: ReadonlySet<Node>, history: History): History {
  let changed: Record<string, Node[]> | undefined
  for (const outer of exited) {
    for (const node of Object.values<Node>(outer.states).filter(isHistory)) {
      const isRemembered =
        node.history === 'deep' ? (one: Node) => isLeaf(one) && isInside(one, outer) : (one: Node) => one.parent === outer
      changed ??= { ...history }
      changed[node.id] = [...nodes].filter(isRemembered)
    }
  }
  return changed ?? history
}

/** What entering a state causes if it is a final one. */
function doneStates(node: Node, nodes: ReadonlySet<Node>, completed: Set<Node>): Pick<ActionGroup, 'done' | 'ends'> {
  if (node.type !== 'final') return { done: [] }
  const { parent } = node
  const done: DoneState[] = []
  if (parent?.type === 'compound') done.push({ type: `xstate.done.state.${parent.id}`, output: node.output })
  let outer = parent?.type === 'parallel' ? parent : parent?.parent
  let outermost = outer ?? node
  while (outer?.type === 'parallel' && !completed.has(outer) && isFinished(outer, nodes)) {
    completed.add(outer)
    done.push({ type: `xstate.done.state.${outer.id}`, output: undefined })
    outermost = outer
    outer = outer.parent
  }
  return outer === undefined ? { done, ends: outermost } : { done }
}

function isFinished(node: Node, nodes: ReadonlySet<Node>): boolean {
  if (node.type === 'compound') return childrenOf(node).some((child) => child.type === 'final' && nodes.has(child))
  if (node.type === 'parallel') return childrenOf(node).every((child) => isFinished(child, nodes))
  return node.type === 'final'
}

interface Entering {
  readonly history: History
  readonly entered: Set<Node>
  /** States whose initial actions run. */
  readonly byDefault: Set<Node>
}

function entrySet(transitions: readonly ParsedTransition[], history: History): Entering {
  const entering: Entering = { history, entered: new Set(), byDefault: new Set() }
  for (const transition of transitions) {
    const { source, target, reenter } = transition
    const domain = domainOf(transition, history)
    for (const node of target ?? []) {
      if (!isHistory(node) && (source !== node || source !== domain || reenter)) enter(entering, node)
      enterInside(entering, node)
    }
    for (const node of effectiveTargets(target, history)) {
      const ancestors = ancestorsOf(node, domain)
      if (domain?.type === 'parallel') ancestors.push(domain)
      enterAround(entering, ancestors, source.parent === undefined && reenter ? undefined : domain)
    }
  }
  return entering
}

function enter({ entered, byDefault }: Entering, node: Node): void {
  entered.add(node)
  byDefault.add(node)
}

/** Enters what is inside a state that is entered. */
function enterInside(entering: Entering, node: Node): void {
  const { history, entered, byDefault } = entering
  if (isHistory(node)) {
    const remembered = history[node.id]
    const fallback = remembered === undefined ? historyDefault(node) : undefined
    const targets = remembered ?? fallback?.target ?? []
    for (const target of targets) {
      entered.add(target)
      if (fallback !== undefined && node.parent !== undefined && fallback === node.parent.initial) byDefault.add(node.parent)
      enterInside(entering, target)
    }
    for (const target of targets) enterAround(entering, ancestorsOf(target, node.parent), undefined)
  } else if (node.type === 'compound') {
    const [first] = node.initial.target
    if (first === undefined) throw new Error('a compound state has an initial state')
    if (!isHistory(first)) enter(entering, first)
    enterInside(entering, first)
    enterAround(entering, ancestorsOf(first, node), undefined)
  } else if (node.type === 'parallel') {
    for (const region of childrenOf(node)) {
      if ([...entered].some((one) => isInside(one, region))) continue
      enter(entering, region)
      enterInside(entering, region)
    }
  }
}

/** Enters the states around one that is entered, with the other regions of parallel ones. */
function enterAround(entering: Entering, ancestors: readonly Node[], within: Node | undefined): void {
  const { entered } = entering
  for (const ancestor of ancestors) {
    if (within === undefined || isInside(ancestor, within)) entered.add(ancestor)
    if (ancestor.type !== 'parallel') continue
    for (const region of childrenOf(ancestor)) {
      if ([...entered].some((one) => isInside(one, region))) continue
      entered.add(region)
      enterInside(entering, region)
    }
  }
}
