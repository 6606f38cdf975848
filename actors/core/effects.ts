import type { AnyEventObject } from 'xstate'
import { CHILD_NAME_CHARS_MAX } from '../../schemas/child-messages.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { jsonFit } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { Emitted, LogRecord, PendingChild, PendingTask, PendingTimer, Sent, Started, TaskEnd } from '../../schemas/record.ts'
import { delayedToOther, functionAction, sendToOther, unknownAction } from '../definition/check-behaviour.ts'
import { badChildName, INVOKE_INSTEAD, spawnedTask } from '../definition/check-invokes.ts'
import type { Kind } from '../definition/kind.ts'
import { isParentOf, type RequestedAction } from '../definition/pure-machine.ts'
import { refusalError } from '../definition/refusal.ts'
import { sendingOf } from '../definition/send-action.ts'
import { isRecord } from '../definition/walk-machine.ts'
import { checkBounds, childActorId, childInput, type Parent, startOfChild, stopOfChild } from './children.ts'
import { emittedData, eventBetween, sentEvent, taskInput, taskOf } from './effect-payloads.ts'
import type { PendingRuns } from './snapshot.ts'

/** The effects of one decision on the outside, and the runs that are pending after it. */
export interface Effects {
  readonly emitted: readonly Emitted[]
  readonly sent: readonly Sent[]
  readonly started: readonly Started[]
  readonly timers: LogRecord['timers']
  readonly stopped: readonly string[]
  readonly ended: readonly TaskEnd[]
  readonly pending: PendingRuns
  /** Gives the next message its id. */
  readonly nextSentId: () => string
}

/** An action that XState resolved, or that a migration creates. */
export type Action = RequestedAction

/** Accumulates effects while the actions are processed in order. */
interface EffectCollector {
  readonly kind: Kind
  readonly context: EffectContext
  readonly atMs: number
  readonly tasks: Map<string, PendingTask>
  readonly timers: Map<string, PendingTimer>
  readonly emitted: Emitted[]
  readonly children: Map<string, PendingChild>
  readonly childrenStarted: Set<string>
  /** Events for children that the same decision is yet to start, by the child's name: XState carries out a state's entry actions first. */
  readonly early: Map<string, AnyEventObject[]>
  readonly sent: Sent[]
  readonly started: Map<string, Started>
  readonly timersSet: Map<string, LogRecord['timers'][number]>
  readonly stopped: string[]
  readonly ended: TaskEnd[]
  // Counts all runs that the decision starts, including those that it stops again: run ids must not repeat.
  runCount: number
  timerCount: number
  childCount: number
  sentCount: number
}

/** The event of an immediate `sendTo` to the actor itself. The machine takes it within the same decision. */
export function selfSentEvent({ type, params, info }: Action): AnyEventObject | undefined {
  if (type !== 'xstate.sendTo') return undefined
  const { to, delay } = fieldsOf(params)
  return to === info?.self && delay === undefined ? eventOf(params) : undefined
}

/** The facts about a decision that its effects carry. */
export interface EffectContext {
  readonly tenant: string
  /** Id of the actor. */
  readonly actor: string
  /** The actor's parent, if it has one. */
  readonly parent: Parent | undefined
  /** The prefix of all ids in this record. It follows from the position of the input, so that deciding again gives the same ids. */
  readonly base: string
  readonly at: string
  /** Correlation id and trace context of the input. An absent field stays absent in the record. */
  readonly tracing: Pick<PendingTimer, 'correlationid' | 'traceparent'>
}

/**
 * Turns the actions of a transition into the effects of a record. An id consists of `base` and the effect's number in this record.
 *
 * @throws ColloquyError where the machine asks for something that a record cannot hold or no stage carries out.
 */
export function collectEffects(kind: Kind, actions: readonly Action[], pending: PendingRuns, context: EffectContext): Effects {
  const collector: EffectCollector = {
    kind,
    context: context,
    atMs: Date.parse(context.at),
    tasks: byRun(pending.tasks),
    timers: byRun(pending.timers),
    children: byRun(pending.children),
    childrenStarted: new Set(),
    early: new Map(),
    emitted: [],
    sent: [],
    started: new Map(),
    timersSet: new Map(),
    stopped: [],
    ended: [],
    runCount: 0,
    timerCount: 0,
    childCount: 0,
    sentCount: 0,
  }
  for (const action of actions) collect(collector, action)
  if (collector.early.size > 0) throw refusalError(kind.name, sendToOther(`sendTo "${[...collector.early.keys()].join('", "')}"`))
  const { tasks, timers, children, emitted, sent, started, timersSet: set, stopped, ended, runCount, timerCount } = collector
  if (tasks.size + timers.size + children.size > LIMITS.pendingRunsMax) {
    throw new ColloquyError('too_many_runs', `more than ${LIMITS.pendingRunsMax} tasks, timers and children would be pending`)
  }
  if (emitted.length + sent.length + runCount + timerCount > LIMITS.effectsMax) {
    throw new ColloquyError('too_many_effects', `one input would cause more than ${LIMITS.effectsMax} effects`)
  }
  return {
    emitted,
    sent,
    started: [...started.values()],
    timers: [...set.values()],
    stopped,
    ended,
    pending: { tasks: asRecord(tasks), timers: asRecord(timers), children: asRecord(children) },
    nextSentId: () => nextSentId(collector),
  }
}

function byRun<T>(runs: Readonly<Record<string, T>>): Map<string, T> {
  const map = new Map<string, T>()
  for (const [run, value] of Object.entries(runs)) map.set(run, value)
  return map
}

/** Builds a new object instead of deleting keys: JSON.stringify is several times slower on an object that has lost a property. */
function asRecord<T>(runs: ReadonlyMap<string, T>): Record<string, T> {
  const record: Record<string, T> = {}
  for (const [run, value] of runs) record[run] = value
  return record
}

function collect(collector: EffectCollector, { type, params, info, exec }: Action): void {
  const sending = sendingOf(exec, info, params)
  if (sending !== undefined) {
    collector.sent.push(sentEvent(collector.context.tenant, nextSentId(collector), sending))
    return
  }
  switch (type) {
    case 'xstate.spawnChild':
      return startRun(collector, fieldsOf(params))
    case 'xstate.stopChild':
      return stopRun(collector, nameOfChild(params))
    case 'xstate.raise':
      return raise(collector, params)
    case 'xstate.sendTo':
      return fieldsOf(params)['to'] === info?.self ? raise(collector, params) : sendAround(collector, info?.self, params)
    case 'xstate.cancel':
      return stopTimer(collector, fieldsOf(params)['sendId'])
    case 'xstate.emit':
      return emit(collector, eventOf(params))
    case 'xstate.log':
      return
    default:
      throw refusalError(collector.kind.name, exec === undefined ? unknownAction(type, '') : functionAction(`action "${type}"`))
  }
}

/** What XState knows a child by: an actor that never runs, or its name. */
const nameOfChild = (child: unknown): unknown => (typeof child === 'string' ? child : fieldsOf(child)['id'])

const nextSentId = (collector: EffectCollector): string => `${collector.context.base}-s${(collector.sentCount += 1)}`

function startRun(collector: EffectCollector, fields: Fields): void {
  const { src } = fields
  if (typeof src === 'string' && Object.hasOwn(collector.kind.children, src)) startChild(collector, src, fields)
  else startTask(collector, fields)
}

function stopRun(collector: EffectCollector, child: unknown): void {
  stopTask(collector, child)
  stopChild(collector, child)
}

function startChild(collector: EffectCollector, src: string, { id, actorRef, input }: Fields): void {
  const {
    kind,
    children,
    context: { base, at, actor, parent, tracing },
  } = collector
  // `spawnChild` may compute its id, and only the actor has the result.
  const child = typeof id === 'string' ? id : nameOfChild(actorRef)
  const childKind = kind.children[src]
  if (childKind === undefined || typeof child !== 'string' || !isChildName(child, actorRef)) {
    throw refusalError(kind.name, badChildName(`child of "${src}"`))
  }
  stopRun(collector, child)
  const run = `${base}-c${(collector.childCount += 1)}`
  const pending = {
    src,
    child,
    kind: childKind.name,
    actor: childActorId(actor, run),
    startedAt: at,
    ...(!kind.invokes.has(child) && { spawned: true as const }),
    ...tracing,
  }
  const depth = (parent?.depth ?? 0) + 1
  children.set(run, pending)
  checkBounds(children.size, depth)
  collector.childrenStarted.add(run)
  const started = { run, pending, depth, input: childInput(kind, src, input) }
  collector.sent.push(startOfChild(nextSentId(collector), started))
  for (const event of collector.early.get(child) ?? []) sendToChild(collector, pending, event)
  collector.early.delete(child)
}

/** XState gives a child without an id a name that differs each time. */
const isChildName = (child: string, actorRef: unknown): boolean =>
  child.length > 0 && child.length <= CHILD_NAME_CHARS_MAX && child.isWellFormed() && fieldsOf(actorRef)['sessionId'] !== child

/** Stops a child. One that the same decision started has never been, nor have the events for it. */
function stopChild(collector: EffectCollector, name: unknown): void {
  const { children, childrenStarted, sent } = collector
  const found = [...children].find(([, { child }]) => child === name)
  if (found === undefined) return
  const [run, pending] = found
  children.delete(run)
  if (!childrenStarted.delete(run)) sent.push(stopOfChild(nextSentId(collector), run, pending))
  else sent.splice(0, Infinity, ...sent.filter(({ kind, actor }) => kind !== pending.kind || actor !== pending.actor))
}

/** Sends an event to the parent or to a child. */
function sendAround(collector: EffectCollector, self: unknown, params: unknown): void {
  const { kind, context, children, early } = collector
  const { to, delay } = fieldsOf(params)
  const event = eventOf(params)
  const isToParent = isParentOf(self, to)
  const name = nameOfChild(to)
  if (isToParent ? context.parent === undefined : typeof name !== 'string') {
    throw refusalError(kind.name, sendToOther(isToParent ? 'sendParent, in an actor that no parent started' : ''))
  }
  if (delay !== undefined) throw refusalError(kind.name, delayedToOther(''))
  if (isToParent && context.parent !== undefined) {
    const { kind: parentKind, id } = context.parent
    collector.sent.push(eventBetween(kind, context.tenant, nextSentId(collector), { kind: parentKind, actor: id }, event))
    return
  }
  const child = [...children.values()].find((one) => one.child === name)
  if (child !== undefined) sendToChild(collector, child, event)
  else early.set(String(name), [...(early.get(String(name)) ?? []), event])
}

function sendToChild(collector: EffectCollector, child: PendingChild, event: AnyEventObject): void {
  collector.sent.push(eventBetween(collector.kind, collector.context.tenant, nextSentId(collector), child, event))
}

function startTask(collector: EffectCollector, { id: child, src, input }: Fields): void {
  const {
    kind,
    context: { base, at, tracing },
  } = collector
  if (typeof src !== 'string' || src.startsWith('xstate.invoke.')) {
    throw refusalError(kind.name, {
      code: 'inline_source',
      where: '',
      what: 'it starts an inline source, which a record cannot name',
      instead: INVOKE_INSTEAD,
    })
  }
  if (typeof child !== 'string' || !kind.invokes.has(child)) throw refusalError(kind.name, spawnedTask(''))
  collector.runCount += 1
  const run = `${base}-t${collector.runCount}`
  const deadlineAt = timeAfter(collector, taskOf(kind, src).deadlineMs)
  stopRun(collector, child)
  collector.started.set(run, { run, task: src, input: taskInput(kind, src, input), deadlineAt })
  collector.tasks.set(run, { task: src, child, startedAt: at, deadlineAt, ...tracing })
}

function stopTask({ tasks, started, stopped, ended }: EffectCollector, child: unknown): void {
  for (const [run, { task, child: id, startedAt }] of tasks) {
    if (id !== child) continue
    tasks.delete(run)
    if (started.delete(run)) return
    stopped.push(run)
    ended.push({ run, task, status: 'stopped', startedAt })
    return
  }
}

/** Sets a timer for a delayed event. XState has already taken an event without a delay within the transition. */
function raise(collector: EffectCollector, params: unknown): void {
  const { id, delay } = fieldsOf(params)
  if (delay === undefined) return
  const event = eventOf(params)
  const { problem, isExact } = jsonFit(event)
  if (problem !== undefined) throw new ColloquyError('bad_event', `the delayed event "${event.type}": ${problem}`)
  if (typeof delay !== 'number' || Number.isNaN(delay)) throw new ColloquyError('bad_delay', `the delay of "${event.type}" is not a number`)
  collector.timerCount += 1
  const run = `${collector.context.base}-w${collector.timerCount}`
  const sendId = typeof id === 'string' ? id : run
  stopTimer(collector, sendId)
  const at = timeAfter(collector, delay)
  collector.timersSet.set(run, { run, event: event.type, at })
  const kept = isExact ? event : (JSON.parse(JSON.stringify(event)) as AnyEventObject)
  collector.timers.set(run, { event: kept, sendId, at, ...collector.context.tracing })
}

function stopTimer({ timers, timersSet: set, stopped }: EffectCollector, sendId: unknown): void {
  for (const [run, timer] of timers) {
    if (timer.sendId !== sendId) continue
    timers.delete(run)
    if (!set.delete(run)) stopped.push(run)
    return
  }
}

function emit({ kind, context: { base }, emitted }: EffectCollector, { type, data }: AnyEventObject): void {
  emitted.push({ id: `${base}-e${emitted.length + 1}`, type, data: emittedData(kind, type, data) })
}

type Fields = Readonly<Record<string, unknown>>
const noFields: Fields = {}

const fieldsOf = (params: unknown): Fields => (isRecord(params) ? params : noFields)

/** @throws ColloquyError `bad_event` where a raised, sent or emitted value is not an event. */
function eventOf(params: unknown): AnyEventObject {
  const { event } = fieldsOf(params)
  if (!isEvent(event)) {
    throw new ColloquyError(
      'bad_event',
      `the machine raises, sends or emits ${JSON.stringify(event) ?? 'nothing'}; an event is an object with a type`,
    )
  }
  return event
}

const isEvent = (value: unknown): value is AnyEventObject => isRecord(value) && typeof value['type'] === 'string'

/** The latest time of a timer or deadline. The `time` of an input has the same bound. */
const TIME_MAX = Date.parse('2100-01-01T00:00:00Z') - 1

/** The ISO time `ms` milliseconds after the decision. */
const timeAfter = ({ atMs }: EffectCollector, ms: number): string =>
  new Date(Math.min(atMs + Math.max(0, Math.ceil(ms)), TIME_MAX)).toISOString()
