import type { AnyEventObject } from 'xstate'
import { ColloquyError } from '../../schemas/errors.ts'
import { jsonFit } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { Emitted, LogRecord, PendingTask, PendingTimer, Sent, Started, TaskEnd } from '../../schemas/record.ts'
import { functionAction, sendToOther, unknownAction } from '../definition/check-behaviour.ts'
import { INVOKE_INSTEAD, spawnedTask } from '../definition/check-invokes.ts'
import type { Kind } from '../definition/kind.ts'
import type { RequestedAction } from '../definition/pure-machine.ts'
import { refusalError } from '../definition/refusal.ts'
import { sendingOf } from '../definition/send-action.ts'
import { isRecord } from '../definition/walk-machine.ts'
import { emittedData, sentEvent, taskInput, taskOf } from './effect-payloads.ts'
import type { Tasks, Timers } from './snapshot.ts'

/** The effects of one decision on the outside, and the runs that are pending after it. */
export interface Effects {
  readonly emitted: readonly Emitted[]
  readonly sent: readonly Sent[]
  readonly started: readonly Started[]
  readonly timers: LogRecord['timers']
  readonly stopped: readonly string[]
  readonly ended: readonly TaskEnd[]
  readonly pending: { readonly tasks: Tasks; readonly timers: Timers }
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
  readonly sent: Sent[]
  readonly started: Map<string, Started>
  readonly timersSet: Map<string, LogRecord['timers'][number]>
  readonly stopped: string[]
  readonly ended: TaskEnd[]
  // Counts all runs that the decision starts, including those that it stops again: run ids must not repeat.
  runCount: number
  timerCount: number
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
export function collectEffects(
  kind: Kind,
  actions: readonly Action[],
  pending: { tasks: Tasks; timers: Timers },
  context: EffectContext,
): Effects {
  const collector: EffectCollector = {
    kind,
    context: context,
    atMs: Date.parse(context.at),
    tasks: byRun(pending.tasks),
    timers: byRun(pending.timers),
    emitted: [],
    sent: [],
    started: new Map(),
    timersSet: new Map(),
    stopped: [],
    ended: [],
    runCount: 0,
    timerCount: 0,
  }
  for (const action of actions) collect(collector, action)
  const { tasks, timers, emitted, sent, started, timersSet: set, stopped, ended, runCount, timerCount } = collector
  if (tasks.size + timers.size > LIMITS.pendingRunsMax) {
    throw new ColloquyError('too_many_runs', `more than ${LIMITS.pendingRunsMax} tasks and timers would be pending`)
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
    pending: { tasks: asRecord(tasks), timers: asRecord(timers) },
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
    const id = `${collector.context.base}-s${collector.sent.length + 1}`
    collector.sent.push(sentEvent(collector.context.tenant, id, sending))
    return
  }
  switch (type) {
    case 'xstate.spawnChild':
      return startTask(collector, fieldsOf(params))
    case 'xstate.stopChild':
      return stopTask(collector, typeof params === 'string' ? params : fieldsOf(params)['id'])
    case 'xstate.raise':
      return raise(collector, params)
    case 'xstate.sendTo':
      if (fieldsOf(params)['to'] !== info?.self) throw refusalError(collector.kind.name, sendToOther(''))
      return raise(collector, params)
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
  stopTask(collector, child)
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
