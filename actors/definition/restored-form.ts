import type { AnyMachineSnapshot } from 'xstate'
import type { Node } from './walk-machine.ts'

type Value = string | { readonly [state: string]: Value }
type History = Readonly<Record<string, Node[]>>

/**
 * The snapshot as it would be restored from its JSON. XState keeps the active states in the order in which they were entered, and that
 * order decides which of two regions goes first and what a history state remembers. The JSON does not hold it, so without this an actor in
 * memory would decide differently from the same actor read from its record.
 *
 * Returns the same object where nothing differs, which costs some 30 ns for a machine without regions.
 */
export function inRestoredForm(snapshot: AnyMachineSnapshot): AnyMachineSnapshot {
  const root: Node = snapshot.machine.root
  const active: Node[] = snapshot._nodes
  const value = snapshot.value as Value
  const history: History = snapshot.historyValue
  const remembered = withoutEmpty(history)
  if (isChain(root, value, active)) return remembered === history ? snapshot : { ...snapshot, historyValue: remembered }
  const whole = isWhole(root, value) ? value : wholeValue(snapshot)
  const restored = restoredOrder(root, whole)
  if (whole === value && remembered === history && isSameList(restored, active)) return snapshot
  const tags = new Set(restored.flatMap((node) => node.tags))
  return { ...snapshot, value: whole, _nodes: restored, tags, historyValue: remembered }
}

/** Whether the active states are one path from the root to a leaf, in that order: the restored form of a machine without regions. */
function isChain(root: Node, value: Value, active: readonly Node[]): boolean {
  let node: Node | undefined = root
  let inner: Value | undefined = value
  for (let depth = 0; ; depth++) {
    if (node === undefined || active[depth] !== node) return false
    let key: string | undefined
    if (typeof inner === 'string') key = inner
    else {
      for (const one in inner) {
        if (key !== undefined) return false
        key = one
      }
    }
    if (key === undefined) return active.length === depth + 1 && !hasChildren(node)
    node = node.states[key]
    inner = typeof inner === 'string' ? undefined : inner?.[key]
  }
}

/** Whether a state has states inside of which at least one must be active. */
const hasChildren = ({ type, states }: Node): boolean =>
  type === 'compound' || (type === 'parallel' && Object.values<Node>(states).some((child) => child.type !== 'history'))

/** Whether the value has a state in each active compound state, and all regions of each active parallel state. */
function isWhole(node: Node, value: Value | undefined): boolean {
  if (typeof value === 'string') return node.states[value] !== undefined && !hasChildren(node.states[value])
  const keys = Object.keys(value ?? {})
  const isComplete =
    node.type === 'parallel'
      ? Object.values<Node>(node.states).every((child) => child.type === 'history' || keys.includes(child.key))
      : node.type !== 'compound' || keys.length > 0
  return isComplete && keys.every((key) => node.states[key] !== undefined && isWhole(node.states[key], value?.[key]))
}

/** XState enters what is missing when it restores a value. It loses states where a history state leads to its own parallel state. */
function wholeValue({ machine, value }: AnyMachineSnapshot): Value {
  const whole: AnyMachineSnapshot = machine.resolveState({ value: value as Value, context: {} })
  return whole.value as Value
}

/** The active states in the order of XState's `restoreSnapshot`: the children of a state, then those of each child. */
function restoredOrder(root: Node, value: Value): Node[] {
  const nodes = [root]
  const addBelow = (node: Node, inner: Value): void => {
    const keys = typeof inner === 'string' ? [inner] : Object.keys(inner)
    for (const key of keys) {
      const child = node.states[key]
      if (child !== undefined) nodes.push(child)
    }
    if (typeof inner === 'string') return
    for (const key of keys) {
      const [child, below] = [node.states[key], inner[key]]
      if (child !== undefined && below !== undefined) addBelow(child, below)
    }
  }
  addBelow(root, value)
  return nodes
}

/** A history state that remembers nothing is restored as one that has no memory, which leads to its default target. */
function withoutEmpty(history: History): History {
  for (const id in history) {
    if (history[id]?.length === 0) return Object.fromEntries(Object.entries(history).filter(([, nodes]) => nodes.length > 0))
  }
  return history
}

function isSameList<T>(one: readonly T[], other: readonly T[]): boolean {
  if (one === other) return true
  if (one.length !== other.length) return false
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false
  return true
}
