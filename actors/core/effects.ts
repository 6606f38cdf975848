import type { AnyEventObject, ExecutableActionObject } from 'xstate'
import { ColloquyError } from '../../schemas/errors.ts'
import { jsonProblem } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { Emitted, LogRecord, PendingTask, PendingTimer, Sent, Started, TaskEnd } from '../../schemas/record.ts'
import { functionAction, sendToOther, unknownAction } from '../definition/check-behaviour.ts'
import { refusalError } from '../definition/refusal.ts'
import { INVOKE_INSTEAD, spawned } from '../definition/check-invokes.ts'
import { isRecord } from '../definition/walk-machine.ts'
import type { Kind } from '../definition/kind.ts'
import { emittedData, sentEvent, taskInput, taskOf } from './effect-payloads.ts'
import { sendingOf } from '../definition/send-action.ts'
import type { Tasks, Timers } from './snapshot.ts'

/** What one decision does to the outside, and the runs that are pending after it. */
export interface Effects {
  readonly emitted: readonly Emitted[]
  readonly sent: readonly Sent[]
  readonly started: readonly Started[]
  readonly timers: LogRecord['timers']
  readonly stopped: readonly string[]
  readonly ended: readonly TaskEnd[]
  readonly pending: { readonly tasks: Tasks; readonly timers: Timers }
}

/** An action that XState resolved, or that a migration makes up. */
export type Action = Pick<ExecutableActionObject, 'type' | 'params'> & Partial<Pick<ExecutableActionObject, 'info' | 'exec'>>

/** What a decision wants done, as its actions are gone through. */
interface Collecting {
  readonly kind: Kind
  readonly place: Place
  readonly atMs: number
  readonly tasks: Map<string, PendingTask>
  readonly timers: Map<string, PendingTimer>
  readonly emitted: Emitted[]
  readonly sent: Sent[]
  readonly started: Map<string, Started>
  readonly set: Map<string, LogRecord['timers'][number]>
  readonly stopped: string[]
  readonly ended: TaskEnd[]
  // Not the number of those that are left: one that was stopped again has had its name.
  runs: number
  wakeUps: number
}

/** The event that an actor sends to itself for right now; it is decided on with what sent it. */
export function toldItself({ type, params, info }: Action): AnyEventObject | undefined {
  if (type !== 'xstate.sendTo') return undefined
  const { to, delay } = fieldsOf(params)
  return to === info?.self && delay === undefined ? eventOf(params) : undefined
}

/** Where the decision is made, as far as its products show it. */
export interface Place {
  readonly tenant: string
  /** What the ids of all products begin with: the input's position gives it, so that deciding again gives the same ids. */
  readonly base: string
  readonly at: string
  /** Of the input; absent fields leave no trace in the record. */
  readonly carried: Pick<PendingTimer, 'correlationid' | 'traceparent'>
}

/**
 * Turns the actions of a transition into a record's effects. Ids are made of `base` and the place among this record's products.
 *
 * @throws ColloquyError where the machine asked for what cannot be kept or carried out.
 */
export function collectEffects(kind: Kind, actions: readonly Action[], pending: { tasks: Tasks; timers: Timers }, place: Place): Effects {
  const all: Collecting = {
    kind, place, atMs: Date.parse(place.at), tasks: byRun(pending.tasks), timers: byRun(pending.timers),
    emitted: [], sent: [], started: new Map(), set: new Map(), stopped: [], ended: [], runs: 0, wakeUps: 0,
  }
  for (const action of actions) collect(all, action)
  const { tasks, timers, emitted, sent, started, set, stopped, ended, runs, wakeUps } = all
  if (tasks.size + timers.size > LIMITS.pendingRunsMax) {
    throw new ColloquyError('too_many_runs', `more than ${LIMITS.pendingRunsMax} tasks and timers would be pending`)
  }
  if (emitted.length + sent.length + runs + wakeUps > LIMITS.effectsMax) {
    throw new ColloquyError('too_many_effects', `one input would cause more than ${LIMITS.effectsMax} effects`)
  }
  return {
    emitted, sent, started: [...started.values()], timers: [...set.values()], stopped, ended,
    pending: { tasks: asRecord(tasks), timers: asRecord(timers) },
  }
}

function byRun<T>(runs: Readonly<Record<string, T>>): Map<string, T> {
  const map = new Map<string, T>()
  for (const [run, value] of Object.entries(runs)) map.set(run, value)
  return map
}

/** Made anew rather than deleted from: JSON.stringify takes several times as long over an object that has lost a property. */
function asRecord<T>(runs: ReadonlyMap<string, T>): Record<string, T> {
  const record: Record<string, T> = {}
  for (const [run, value] of runs) record[run] = value
  return record
}

function collect(all: Collecting, { type, params, info, exec }: Action): void {
  const said = sendingOf(exec, info, params)
  if (said !== undefined) {
    all.sent.push({ id: `${all.place.base}-s${all.sent.length + 1}`, ...sentEvent(all.place.tenant, said) })
    return
  }
  switch (type) {
    case 'xstate.spawnChild': return startTask(all, fieldsOf(params))
    case 'xstate.stopChild': return stopTask(all, typeof params === 'string' ? params : fieldsOf(params)['id'])
    case 'xstate.raise': return raise(all, params)
    case 'xstate.sendTo':
      if (fieldsOf(params)['to'] !== info?.self) throw refusalError(all.kind.name, sendToOther(''))
      return raise(all, params)
    case 'xstate.cancel': return stopTimer(all, fieldsOf(params)['sendId'])
    case 'xstate.emit': return emit(all, eventOf(params))
    case 'xstate.log': return
    default: throw refusalError(all.kind.name, exec === undefined ? unknownAction(type, '') : functionAction(`action "${type}"`))
  }
}

function startTask(all: Collecting, { id: child, src, input }: Fields): void {
  const { kind, place: { base, at, carried } } = all
  if (typeof src !== 'string' || src.startsWith('xstate.invoke.')) {
    throw refusalError(kind.name, { code: 'inline_source', where: '', what: 'what is started is written in place, and a record cannot name it', instead: INVOKE_INSTEAD })
  }
  if (typeof child !== 'string' || !kind.invokes.has(child)) throw refusalError(kind.name, spawned(''))
  all.runs += 1
  const run = `${base}-t${all.runs}`
  const deadlineAt = later(all, taskOf(kind, src).deadlineMs)
  stopTask(all, child)
  all.started.set(run, { run, task: src, input: taskInput(kind, src, input), deadlineAt })
  all.tasks.set(run, { task: src, child, startedAt: at, deadlineAt, ...carried })
}

function stopTask({ tasks, started, stopped, ended }: Collecting, child: unknown): void {
  for (const [run, { task, child: id, startedAt }] of tasks) {
    if (id !== child) continue
    tasks.delete(run)
    if (started.delete(run)) return
    stopped.push(run)
    ended.push({ run, task, status: 'stopped', startedAt })
    return
  }
}

/** A raise without a delay has been taken within the transition, and so has what an actor sent to itself. */
function raise(all: Collecting, params: unknown): void {
  const { id, delay } = fieldsOf(params)
  if (delay === undefined) return
  const event = eventOf(params)
  const problem = jsonProblem(event)
  if (problem !== undefined) throw new ColloquyError('bad_event', `what the machine raises later, "${event.type}": ${problem}`)
  if (typeof delay !== 'number' || Number.isNaN(delay)) throw new ColloquyError('bad_delay', `the delay of "${event.type}" is no number`)
  all.wakeUps += 1
  const run = `${all.place.base}-w${all.wakeUps}`
  const sendId = typeof id === 'string' ? id : run
  stopTimer(all, sendId)
  const at = later(all, delay)
  all.set.set(run, { run, event: event.type, at })
  all.timers.set(run, { event, sendId, at, ...all.place.carried })
}

function stopTimer({ timers, set, stopped }: Collecting, sendId: unknown): void {
  for (const [run, timer] of timers) {
    if (timer.sendId !== sendId) continue
    timers.delete(run)
    if (!set.delete(run)) stopped.push(run)
    return
  }
}

function emit({ kind, place: { base }, emitted }: Collecting, { type, data }: AnyEventObject): void {
  emitted.push({ id: `${base}-e${emitted.length + 1}`, type, data: emittedData(kind, type, data) })
}

type Fields = Readonly<Record<string, unknown>>
const nothing: Fields = {}

const fieldsOf = (params: unknown): Fields => (isRecord(params) ? params : nothing)

/** @throws ColloquyError `bad_event` where what is raised, sent or emitted is no event. */
function eventOf(params: unknown): AnyEventObject {
  const { event } = fieldsOf(params)
  if (!isEvent(event)) throw new ColloquyError('bad_event', `the machine raises, sends or emits ${JSON.stringify(event) ?? 'nothing'}, which is no event: an object with a type`)
  return event
}

const isEvent = (value: unknown): value is AnyEventObject => isRecord(value) && typeof value['type'] === 'string'

/** Times end with the year 2100, in records as in inputs. */
const TIME_MAX = Date.parse('2100-01-01T00:00:00Z') - 1

/** ISO time some milliseconds after the decision. */
const later = ({ atMs }: Collecting, ms: number): string => new Date(Math.min(atMs + Math.max(0, Math.ceil(ms)), TIME_MAX)).toISOString()
