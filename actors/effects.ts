import type { ExecutableActionObject } from 'xstate'
import { z } from 'zod'
import { ColloquyError } from '../schemas/errors.ts'
import { LIMITS } from '../schemas/limits.ts'
import type { Emitted, LogRecord, PendingTask, PendingTimer, Sent, Started, TaskEnd } from '../schemas/record.ts'
import { functionAction, sendToOther, unknownAction } from './definition/behaviour.ts'
import { refusalError, type Refusal } from './definition/refusal.ts'
import { INVOKE_INSTEAD, spawned } from './definition/sources.ts'
import type { Kind } from './kind.ts'
import { emittedData, sentEvent, taskInput, taskOf } from './products.ts'
import { sendingOf } from './send.ts'
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

const spawnParams = z.object({ id: z.unknown(), src: z.unknown(), input: z.unknown().optional() })
const stopParams = z.union([z.string(), z.object({ id: z.string() }).transform((ref) => ref.id)])
/** Of any size, and not even a number: what is no delay is told apart below. */
const milliseconds = z.custom<number>((value) => typeof value === 'number')
const timedEvent = z.object({ event: z.looseObject({ type: z.string() }), id: z.string().optional(), delay: milliseconds.optional() })
const sendToParams = timedEvent.extend({ to: z.unknown() })
const cancelParams = z.object({ sendId: z.string() })
const emitParams = z.object({ event: z.looseObject({ type: z.string(), data: z.unknown().optional() }) })

/** The event that an actor sends to itself for right now; it is decided on with what sent it. */
export function toldItself({ type, params, info }: Action): z.infer<typeof timedEvent>['event'] | undefined {
  if (type !== 'xstate.sendTo') return undefined
  const { to, event, delay } = sendToParams.parse(params)
  return to === info?.self && delay === undefined ? event : undefined
}

/** Where the decision is made, as far as its products show it. */
export interface Place {
  readonly tenant: string
  /** What the ids of all products begin with: the input's position gives it, so that deciding again gives the same ids. */
  readonly base: string
  readonly at: string
}

/**
 * Turns the actions of a transition into a record's effects. Ids are made of `base` and the place among this record's products.
 *
 * @throws ColloquyError where the machine asked for what cannot be kept or carried out.
 */
export function collectEffects(
  kind: Kind, actions: readonly Action[], pending: { tasks: Tasks; timers: Timers }, { tenant, base, at }: Place,
): Effects {
  const tasks: Record<string, PendingTask> = { ...pending.tasks }
  const timers: Record<string, PendingTimer> = { ...pending.timers }
  const emitted: Emitted[] = []
  const sent: Sent[] = []
  const started = new Map<string, Started>()
  const set = new Map<string, LogRecord['timers'][number]>()
  const stopped: string[] = []
  const ended: TaskEnd[] = []
  // Not the number of those that are left: one that was stopped again has had its name.
  let runs = 0
  let alarms = 0

  const refuse = (refusal: Refusal): never => { throw refusalError(kind.name, refusal) }
  const stopTask = (child: string): void => {
    const [run, task] = Object.entries(tasks).find(([, pendingTask]) => pendingTask.child === child) ?? []
    if (run === undefined || task === undefined) return
    delete tasks[run]
    if (started.delete(run)) return
    stopped.push(run)
    ended.push({ run, task: task.task, status: 'stopped', startedAt: task.startedAt })
  }
  const stopTimer = (sendId: string): void => {
    const [run] = Object.entries(timers).find(([, timer]) => timer.sendId === sendId) ?? []
    if (run === undefined) return
    delete timers[run]
    if (!set.delete(run)) stopped.push(run)
  }
  const setTimer = (event: PendingTimer['event'], id: string | undefined, delay: number): void => {
    if (Number.isNaN(delay)) throw new ColloquyError('bad_delay', `the delay of "${event.type}" is no number`)
    alarms += 1
    const run = `${base}-w${alarms}`
    const sendId = id ?? run
    stopTimer(sendId)
    set.set(run, { run, event: event.type, at: later(at, delay) })
    timers[run] = { event, sendId, at: later(at, delay) }
  }
  const carry: Readonly<Record<string, (action: Action) => void>> = {
    'xstate.spawnChild'({ params }) {
      const { id: child, src, input } = spawnParams.parse(params)
      if (typeof src !== 'string' || src.startsWith('xstate.invoke.')) {
        return refuse({ code: 'inline_source', where: '', what: 'what is started is written in place, and a record cannot name it', instead: INVOKE_INSTEAD })
      }
      if (typeof child !== 'string' || !kind.invokes.has(child)) return refuse(spawned(''))
      runs += 1
      const run = `${base}-t${runs}`
      const deadlineAt = later(at, taskOf(kind, src).deadlineMs)
      stopTask(child)
      started.set(run, { run, task: src, input: taskInput(kind, src, input), deadlineAt })
      tasks[run] = { task: src, child, startedAt: at, deadlineAt }
    },
    'xstate.stopChild': ({ params }) => stopTask(stopParams.parse(params)),
    'xstate.raise'({ params }) {
      const { event, id, delay } = timedEvent.parse(params)
      if (delay !== undefined) setTimer(event, id, delay)
    },
    'xstate.sendTo'({ params, info }) {
      const { to, event, id, delay } = sendToParams.parse(params)
      if (to !== info?.self) refuse(sendToOther(''))
      if (delay !== undefined) setTimer(event, id, delay)
    },
    'xstate.cancel': ({ params }) => stopTimer(cancelParams.parse(params).sendId),
    'xstate.emit'({ params }) {
      const { event } = emitParams.parse(params)
      emitted.push({ id: `${base}-e${emitted.length + 1}`, type: event.type, data: emittedData(kind, event.type, event.data) })
    },
    'xstate.log': () => undefined,
  }

  for (const action of actions) {
    const said = sendingOf(action.exec, action.info, action.params)
    if (said !== undefined) {
      sent.push({ id: `${base}-s${sent.length + 1}`, ...sentEvent(tenant, said) })
      continue
    }
    const effect = Object.hasOwn(carry, action.type) ? carry[action.type] : undefined
    if (effect === undefined) refuse(action.exec === undefined ? unknownAction(action.type, '') : functionAction(`action "${action.type}"`))
    effect?.(action)
  }
  if (Object.keys(tasks).length + Object.keys(timers).length > LIMITS.pendingRunsMax) {
    throw new ColloquyError('too_many_runs', `more than ${LIMITS.pendingRunsMax} tasks and timers would be pending`)
  }
  if (emitted.length + sent.length + runs + alarms > LIMITS.effectsMax) {
    throw new ColloquyError('too_many_effects', `one input would cause more than ${LIMITS.effectsMax} effects`)
  }
  return { emitted, sent, started: [...started.values()], timers: [...set.values()], stopped, ended, pending: { tasks, timers } }
}

/** Times end with the year 2100, in records as in inputs. */
const TIME_MAX = Date.parse('2100-01-01T00:00:00Z') - 1

/** ISO time some milliseconds later. */
const later = (at: string, ms: number): string => new Date(Math.min(Date.parse(at) + Math.max(0, Math.ceil(ms)), TIME_MAX)).toISOString()
