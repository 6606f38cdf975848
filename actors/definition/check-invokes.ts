import { type AnyStateMachine, StateMachine } from 'xstate'
import { CHILD_NAME_CHARS_MAX } from '../../schemas/child-messages.ts'
import { isChildLogic } from './child-kinds.ts'
import type { Kind } from './kind.ts'
import type { Refusal, RefusalCode } from './refusal.ts'
import { builtInAction, eventTransitionsOf, isFunction, isRecord, type Node, nodesOf, pathOf, type Reference } from './walk-machine.ts'

interface Invoked {
  readonly node: Node
  readonly id: string
  readonly where: string
  /** As its author wrote it. XState generates a name for an inline source. */
  readonly src: unknown
  readonly onSnapshot: boolean
  readonly systemId: boolean
}

/** The remedy for a source that is not a task. */
export const INVOKE_INSTEAD = 'declare a task under "tasks" of defineKind and refer to it by name: invoke: { src: "name", … }'

const TASK = Symbol.for('colloquy.task')

/** Marks the actor logic that stands for a task in a machine. */
export const taskLogic = (logic: object): object => Object.assign(logic, { [TASK]: true })

/** What a machine may start. */
type Startable = Pick<Kind, 'machine' | 'tasks' | 'children' | 'onTaskError'>

/** Checks the invokes of a kind's machine, and the children that its actions start. */
export function checkSources(kind: Startable, actions: readonly Reference[]): Refusal[] {
  const invoked = invokedIn(kind.machine)
  return [
    ...invoked.flatMap((one) => [
      ...checkSource(kind, one.where, one.src),
      ...(isChildName(kind.children, one.src) ? checkChildName(one.where, one.id) : []),
      ...(kind.onTaskError === undefined ? checkErrors(one.node, one.id, one.where) : []),
      ...checkExtras(one),
    ]),
    ...checkIds(invoked),
    ...actions.flatMap(({ where, value }) => checkSpawn(kind, where, builtInAction(value))),
  ]
}

const isChildName = (children: Kind['children'], src: unknown): src is string => typeof src === 'string' && Object.hasOwn(children, src)

/** A child that an action starts belongs to no state, so its error must be handled everywhere. A task cannot be started so. */
function checkSpawn({ machine, children, onTaskError }: Startable, where: string, spawn: Reference['value']): Refusal[] {
  if (!isRecord(spawn) || spawn['type'] !== 'xstate.spawnChild') return []
  const { src, id, syncSnapshot, systemId } = spawn
  if (!isChildName(children, src)) return [spawnedTask(where)]
  return [
    ...(isFunction(id) ? [] : checkChildName(where, id)),
    ...(onTaskError === undefined ? checkErrors(machine.root, typeof id === 'string' ? id : ANY_CHILD, where) : []),
    ...checkExtras({ where, onSnapshot: syncSnapshot === true, systemId: systemId !== undefined }),
  ]
}

/** In the place of a name that only a decision knows. */
const ANY_CHILD = '*'

const checkChildName = (where: string, id: unknown): Refusal[] =>
  typeof id === 'string' && id.length > 0 && id.length <= CHILD_NAME_CHARS_MAX && id.isWellFormed() ? [] : [badChildName(where)]

export const badChildName = (where: string): Refusal => ({
  code: 'bad_child_name',
  where,
  what: `a child needs a name of 1 to ${CHILD_NAME_CHARS_MAX} characters: its outcome comes back under it`,
  instead: "give the invoke or spawnChild('kind', { id }) an id",
})

function invokedIn(machine: AnyStateMachine): Invoked[] {
  return nodesOf(machine).flatMap((node) => {
    const written: unknown = node.config.invoke ?? []
    const list: unknown[] = Array.isArray(written) ? written : [written]
    return node.invoke.map(({ id }, index): Invoked => {
      const config = list[index]
      const read = isRecord(config) ? config : {}
      return {
        node,
        id,
        where: `${pathOf(node)}, invoke "${id}"`,
        src: read['src'],
        onSnapshot: 'onSnapshot' in read,
        systemId: read['systemId'] !== undefined,
      }
    })
  })
}

function checkSource({ machine, tasks, children }: Startable, where: string, src: unknown): Refusal[] {
  if (typeof src !== 'string') return [inlineSource(where, src)]
  const known: Readonly<Record<string, unknown>> = machine.implementations.actors
  const logic = Object.hasOwn(known, src) ? known[src] : undefined
  if (Object.hasOwn(tasks, src) && (logic === undefined || (isRecord(logic) && TASK in logic))) return []
  if (isChildName(children, src) && (logic === undefined || isChildLogic(logic))) return []
  if (logic === undefined) {
    const names = [...Object.keys(tasks), ...Object.keys(children)]
    const which = names.length === 0 ? 'it has none' : `it has ${names.map((name) => `"${name}"`).join(', ')}`
    return [{ code: 'unknown_source', where, what: `"${src}" is no task and no child of the kind (${which})`, instead: INVOKE_INSTEAD }]
  }
  return [lostActor(where, `"${src}"`, logic)]
}

/** A promise in place becomes a task by its name alone. Other logic in place has the fault that it has under a name. */
function inlineSource(where: string, src: unknown): Refusal {
  if (isRecord(src) && logicOf(src)[0] !== 'promise_actor') return lostActor(where, 'its source', src)
  return { code: 'inline_source', where, what: 'it invokes an inline source, which a record cannot name', instead: INVOKE_INSTEAD }
}

function lostActor(where: string, name: string, logic: unknown): Refusal {
  const [code, what] = logicOf(logic)
  return {
    code,
    where,
    what: `${name} is ${what}, which would run in this process only and be lost with it`,
    instead: LOST_ACTOR_INSTEAD[code],
  }
}

type LostActorCode = Extract<RefusalCode, `${string}_actor`>

const LOST_ACTOR_INSTEAD: Readonly<Record<LostActorCode, string>> = {
  machine_actor: 'make it a kind, and name that under "children" of defineKind: children: { name: itsKind }, invoke: { src: "name", … }',
  transition_actor: 'keep its state in the context, or make it a kind and send it events by send({ kind, id, type, data })',
  callback_actor: `let the outside publish inputs instead, or ${INVOKE_INSTEAD}`,
  observable_actor: `let the outside publish inputs instead, or ${INVOKE_INSTEAD}`,
  promise_actor: INVOKE_INSTEAD,
}

/** Whether actor logic was made by `fromPromise`. */
export const isPromiseLogic = (logic: unknown): boolean => logicOf(logic)[0] === 'promise_actor'

/** XState does not label its kinds of actor logic; their members and behaviour tell them apart. */
function logicOf(logic: unknown): [LostActorCode, string] {
  if (logic instanceof StateMachine) return ['machine_actor', 'a machine']
  if (!isRecord(logic) || !('start' in logic)) return ['transition_actor', 'a transition function']
  if ('_subscription' in callLogic(logic, 'getInitialSnapshot', undefined, undefined)) return ['observable_actor', 'an observable']
  const resolved = callLogic(logic, 'transition', { status: 'active' }, { type: 'xstate.promise.resolve', data: 0 }, { self: {} })
  return resolved['status'] === 'done' ? ['promise_actor', 'a promise that is not a task'] : ['callback_actor', 'a callback']
}

function callLogic(
  logic: Readonly<Record<string, unknown>>,
  method: string,
  ...args: readonly unknown[]
): Readonly<Record<string, unknown>> {
  const ask = logic[method]
  try {
    const answer = isFunction(ask) ? ask(...args) : undefined
    return isRecord(answer) ? answer : {}
  } catch {
    return {}
  }
}

/** The error of a task or child would end an actor that has no transition for it, and no `onTaskError`. */
function checkErrors(node: Node, id: string, where: string): Refusal[] {
  const error = `xstate.error.actor.${id}`
  for (let holder: Node | undefined = node; holder !== undefined; holder = holder.parent) {
    if (eventTransitionsOf(holder).some(({ event, transitions }) => transitions.length > 0 && (event === error || matches(event, error)))) {
      return []
    }
  }
  return [
    {
      code: 'no_on_error',
      where,
      what: 'no transition handles its error, which would end the actor for good',
      instead:
        'add onError (for spawnChild a transition of the root for xstate.error.actor.<id>): '
        + 'sooner or later a task fails or its deadline passes; '
        + 'or state onTaskError of defineKind: '
        + '"state" keeps the actor in its state, "end" ends it as XState does',
    },
  ]
}

const matches = (descriptor: string, event: string): boolean =>
  descriptor === '*' || (descriptor.endsWith('.*') && event.startsWith(descriptor.slice(0, -1)))

function checkExtras({ where, onSnapshot, systemId }: Pick<Invoked, 'where' | 'onSnapshot' | 'systemId'>): Refusal[] {
  const refusals: Refusal[] = []
  if (onSnapshot) {
    refusals.push({
      code: 'on_snapshot',
      where,
      what: 'a task has no snapshots, so onSnapshot never happens',
      instead: 'use its result in onDone',
    })
  }
  if (systemId) {
    const what = 'a task belongs to no actor system, so nothing can find it by its systemId'
    refusals.push({ code: 'system_id', where, what, instead: 'remove systemId' })
  }
  return refusals
}

/** A result finds its state by the id of the invoke, so each id may be pending only once. */
function checkIds(invoked: readonly Invoked[]): Refusal[] {
  return invoked.flatMap((one, index) => {
    const other = invoked.slice(0, index).find((earlier) => earlier.id === one.id && mayBothBeActive(earlier.node, one.node))
    if (other === undefined) return []
    return [
      {
        code: 'duplicate_invoke',
        where: one.where,
        what: `"${pathOf(other.node)}" has an invoke with the same id and may be active at the same time`,
        instead: 'give each invoke its own id',
      } as const,
    ]
  })
}

function mayBothBeActive(a: Node, b: Node): boolean {
  const ancestors = withAncestors(a)
  const common = withAncestors(b).find((node) => ancestors.includes(node))
  return common === a || common === b || common?.type === 'parallel'
}

/** The state and its ancestors, innermost first. */
const withAncestors = (node: Node): Node[] => (node.parent === undefined ? [node] : [node, ...withAncestors(node.parent)])

export const spawnedTask = (where: string): Refusal => ({
  code: 'spawned_task',
  where,
  what: 'what spawnChild starts is no child kind of this kind; a task started so would belong to no state: nothing would stop it',
  instead:
    'invoke the task in a state, in parallel states for concurrent ones; or name a kind under "children" of defineKind, and spawn that',
})
