import type { AnyEventObject } from 'xstate'
import type { State } from '../../schemas/record.ts'
import type { Kind } from '../definition/kind.ts'
import { isRecord, type Node, nodesOf, pathOf, tasksOf, timersOf } from '../definition/walk-machine.ts'

/** Says what the parts of a recorded state are called after states were renamed. What no rename concerns keeps its name. */
export interface Renaming {
  /** The state with its entry times, history, pending tasks and timers under their new names. Its value stays as it is. */
  state(old: State): State
  /** The path of a state. */
  path(old: string): string
  /** An event of a task or a timer. */
  event(old: AnyEventObject): AnyEventObject
}

/**
 * XState names timers, and invokes without an id, by the id of their state, which is the path below the machine's id by default.
 *
 * @param renamed new names of states by their old ones, as dotted paths; states inside a renamed one follow it
 */
export function renamingOf({ machine }: Pick<Kind, 'machine'>, renamed: Readonly<Record<string, string>>): Renaming {
  const oldPathOf = new Map(Object.entries(renamed).map(([before, after]) => [after, before]))
  const timers = new Map<string, string>()
  const children = new Map<string, string>()
  const ids = new Map<string, string>()
  for (const node of nodesOf(machine)) {
    const oldId = oldIdOf(node, machine.root.id, oldPathOf)
    if (oldId === undefined) continue
    ids.set(oldId, node.id)
    for (const { eventType } of timersOf(node)) timers.set(`${eventType.slice(0, -node.id.length)}${oldId}`, eventType)
    for (const { id } of tasksOf(node)) if (id.endsWith(`.${node.id}`)) children.set(`${id.slice(0, -node.id.length)}${oldId}`, id)
  }
  const path = (old: string): string => {
    const [before, after] = Object.entries(renamed).find(([one]) => old === one || old.startsWith(`${one}.`)) ?? ['', '']
    return `${after}${old.slice(before.length)}`
  }
  const timer = (old: string): string => timers.get(old) ?? old
  const child = (old: string): string => children.get(old) ?? old
  return {
    path,
    state: (old) => ({
      ...old,
      history: Object.fromEntries(Object.entries(old.history).map(([id, states]) => [ids.get(id) ?? id, remembered(states, ids)])),
      entered: Object.fromEntries(Object.entries(old.entered).map(([leaf, at]) => [path(leaf), at])),
      tasks: Object.fromEntries(Object.entries(old.tasks).map(([run, task]) => [run, { ...task, child: child(task.child) }])),
      children:
        old.children === undefined
          ? undefined
          : Object.fromEntries(Object.entries(old.children).map(([run, one]) => [run, { ...one, child: child(one.child) }])),
      timers: Object.fromEntries(
        Object.entries(old.timers).map(([run, one]) => [
          run,
          { ...one, sendId: timer(one.sendId), event: { ...one.event, type: timer(one.event.type) } },
        ]),
      ),
    }),
    event(old) {
      const [, prefix = '', id = ''] = /^(xstate\.(?:done|error)\.actor\.)(.*)$/s.exec(old.type) ?? []
      if (prefix === '') return { ...old, type: timer(old.type) }
      return { ...old, type: `${prefix}${child(id)}`, actorId: child(id) }
    },
  }
}

/** What a history state remembers, by the ids of this version. */
const remembered = (states: unknown, ids: ReadonlyMap<string, string>): unknown =>
  !Array.isArray(states)
    ? states
    : states.map((entry: unknown) => {
        const id = isRecord(entry) ? entry['id'] : undefined
        return typeof id === 'string' ? { ...(entry as object), id: ids.get(id) ?? id } : entry
      })

/** The id that a state had before it, or one around it, was renamed; `undefined` where none was, or its id does not follow its path. */
function oldIdOf(node: Node, rootId: string, oldPathOf: ReadonlyMap<string, string>): string | undefined {
  const path = pathOf(node)
  if (node.path.length === 0 || node.id !== `${rootId}.${path}`) return undefined
  for (let length = node.path.length; length > 0; length--) {
    const after = node.path.slice(0, length).join('.')
    const before = oldPathOf.get(after)
    if (before !== undefined) return `${rootId}.${before}${path.slice(after.length)}`
  }
  return undefined
}
