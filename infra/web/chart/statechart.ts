import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { shownTask, taskNames } from '../../../actors/definition/walk-machine.ts'
import { actionName, eventName, guardName } from './chart-names.ts'

/** A transition in a drawing. */
export interface Transition {
  readonly from: string
  readonly to: string
  /** XState's name of the event, for matching with a record's event. Empty for `always`. */
  readonly event: string
  /** Text for readers: the event, its guard and its actions. */
  readonly label: string
  readonly actions: readonly string[]
}

/** A state in a drawing. `id` is its dotted path, as in records; the id of the root is empty. */
export interface ChartState {
  readonly id: string
  readonly name: string
  readonly type: AnyStateNode['type']
  /** Whether this is the initial state of its parent. */
  readonly initial: boolean
  /** Lines of text: tasks that the state invokes, its entry and exit actions, and its transitions without a target. */
  readonly lines: readonly string[]
  readonly description?: string | undefined
  readonly states: readonly ChartState[]
}

/** A machine as plain data for a drawing. */
export interface Statechart {
  readonly root: ChartState
  readonly transitions: readonly Transition[]
}

/** Reads a machine, with states and transitions in the order of its definition. */
export function readStatechart(machine: AnyStateMachine): Statechart {
  const transitions: Transition[] = []
  return { root: readState(machine.root, transitions, taskNames(machine)), transitions }
}

const idOf = (node: AnyStateNode): string => node.path.join('.')

function readState(node: AnyStateNode, transitions: Transition[], tasks: ReadonlyMap<string, string>): ChartState {
  const lines = node.invoke.map(({ src, id }) => runText(src, shownTask(id, src, node.id)))
  lines.push(...namesOf(node.entry).map((action) => `entry / ${action}`), ...namesOf(node.exit).map((action) => `exit / ${action}`))
  for (const { eventType: event, guard, target: targets, actions: toDo } of allOf(node)) {
    const actions = namesOf(toDo)
    const label = [eventName(event, tasks), ...(guard === undefined ? [] : [`[${guardName(guard)}]`])]
      .filter((part) => part !== '')
      .join(' ')
    if (targets === undefined) lines.push([label, ...(actions.length === 0 ? [] : [actions.join(', ')])].join(' / '))
    else for (const target of targets) transitions.push({ from: idOf(node), to: idOf(target), event, label, actions })
  }
  const initial = node.parent === undefined ? [] : node.parent.initial.target
  return {
    id: idOf(node),
    name: node.key,
    type: node.type,
    initial: initial.includes(node),
    lines,
    description: node.description,
    states: Object.values(node.states).map((state) => readState(state, transitions, tasks)),
  }
}

/** A task that a state runs, with its id where that is not its name. */
const runText = (src: unknown, id: string): string =>
  typeof src !== 'string' || src.startsWith('xstate.invoke') || src === id ? `run ${id}` : `run ${src} (${id})`

/** The part of XState's definition of a transition that this module reads. */
interface Definition {
  readonly eventType: string
  readonly guard?: unknown
  readonly target: readonly AnyStateNode[] | undefined
  readonly actions: readonly unknown[]
}

const allOf = (node: AnyStateNode): readonly Definition[] => [...node.transitions.values(), node.always ?? []].flat()
const namesOf = (actions: readonly unknown[]): string[] => actions.filter((action) => !belongsToAfter(action)).map(actionName)

/** Skips the entry and exit action that XState adds for each `after`: the drawing shows `after` as a transition. */
function belongsToAfter(action: unknown): boolean {
  if (typeof action !== 'function') return false
  const names = ['id' in action ? action.id : '', 'sendId' in action ? action.sendId : '']
  return names.some((name) => typeof name === 'string' && name.startsWith('xstate.after.'))
}
