import type { ExecutableActionObject } from 'xstate'
import { z } from 'zod'
import { ColloquyError } from '../schemas/errors.ts'
import { zodProblem } from '../schemas/input.ts'
import { jsonProblem } from '../schemas/json.ts'
import { LIMITS } from '../schemas/limits.ts'
import type { Emitted, LogRecord, PendingTask, PendingTimer, Started, TaskEnd } from '../schemas/record.ts'
import type { Kind } from './kind.ts'
import type { Tasks, Timers } from './snapshot.ts'

/** What one decision does to the outside, and the runs that are pending after it. */
export interface Effects {
  readonly emitted: readonly Emitted[]
  readonly started: readonly Started[]
  readonly timers: LogRecord['timers']
  readonly stopped: readonly string[]
  readonly ended: readonly TaskEnd[]
  readonly pending: { readonly tasks: Tasks; readonly timers: Timers }
}

const spawnParams = z.object({ id: z.string(), src: z.string(), input: z.unknown() })
const stopParams = z.union([z.string(), z.object({ id: z.string() }).transform((ref) => ref.id)])
const raiseParams = z.object({ event: z.looseObject({ type: z.string() }), id: z.string(), delay: z.number() })
const cancelParams = z.object({ sendId: z.string() })
const emitParams = z.object({ event: z.looseObject({ type: z.string(), data: z.unknown() }) })

/**
 * Turns the actions of a transition into a record's effects. Ids are made of `base`, which the input's position gives, and
 * the place among this record's products, so that deciding again gives the same ids.
 *
 * @throws ColloquyError where the machine asked for what cannot be kept or carried out.
 */
export function collectEffects(
  kind: Kind, actions: readonly ExecutableActionObject[], pending: { tasks: Tasks; timers: Timers }, base: string, at: string,
): Effects {
  const tasks: Record<string, PendingTask> = { ...pending.tasks }
  const timers: Record<string, PendingTimer> = { ...pending.timers }
  const emitted: Emitted[] = []
  const started = new Map<string, Started>()
  const set = new Map<string, LogRecord['timers'][number]>()
  const stopped: string[] = []
  const ended: TaskEnd[] = []

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
  const carry: Readonly<Record<string, (params: unknown) => void>> = {
    'xstate.spawnChild': (params) => {
      const { id: child, src, input } = spawnParams.parse(params)
      const run = `${base}-t${started.size + 1}`
      const deadlineAt = later(at, definitionOf(kind, src).deadlineMs)
      stopTask(child)
      started.set(run, { run, task: src, input: taskInput(kind, src, input), deadlineAt })
      tasks[run] = { task: src, child, startedAt: at, deadlineAt }
    },
    'xstate.stopChild': (params) => stopTask(stopParams.parse(params)),
    'xstate.raise': (params) => {
      const { event, id: sendId, delay } = raiseParams.parse(params)
      const run = `${base}-w${set.size + 1}`
      stopTimer(sendId)
      set.set(run, { run, event: event.type, at: later(at, delay) })
      timers[run] = { event, sendId, at: later(at, delay) }
    },
    'xstate.cancel': (params) => stopTimer(cancelParams.parse(params).sendId),
    'xstate.emit': (params) => {
      const { event } = emitParams.parse(params)
      emitted.push({ id: `${base}-e${emitted.length + 1}`, type: event.type, data: emittedData(kind, event.type, event.data) })
    },
    'xstate.log': () => undefined,
  }

  for (const action of actions) {
    const effect = carry[action.type]
    if (effect === undefined) {
      throw new ColloquyError('unsupported_action', `action "${action.type}": only assign, raise, cancel, emit, log and invoke are carried out`)
    }
    effect(action.params)
  }
  if (Object.keys(tasks).length + Object.keys(timers).length > LIMITS.pendingRunsMax) {
    throw new ColloquyError('too_many_runs', `more than ${LIMITS.pendingRunsMax} tasks and timers would be pending`)
  }
  if (emitted.length + started.size + set.size > LIMITS.effectsMax) {
    throw new ColloquyError('too_many_effects', `one input would cause more than ${LIMITS.effectsMax} effects`)
  }
  return { emitted, started: [...started.values()], timers: [...set.values()], stopped, ended, pending: { tasks, timers } }
}

/** ISO time some milliseconds later, never past the last time that a Date can write. */
const later = (at: string, ms: number): string => new Date(Math.min(Date.parse(at) + Math.ceil(ms), 8.64e15)).toISOString()

function definitionOf(kind: Kind, task: string) {
  const definition = Object.hasOwn(kind.tasks, task) ? kind.tasks[task] : undefined
  if (definition === undefined) throw new ColloquyError('unknown_task', `the machine invokes "${task}", which is no task of kind "${kind.name}"`)
  return definition
}

function taskInput(kind: Kind, task: string, input: unknown): unknown {
  const problem = jsonProblem(input)
  if (problem !== undefined) throw new ColloquyError('bad_task_input', `input of task "${task}": ${problem}`)
  const checked = definitionOf(kind, task).input.safeParse(input)
  if (!checked.success) throw new ColloquyError('bad_task_input', zodProblem(checked.error, `input of task "${task}"`))
  return input
}

function emittedData(kind: Kind, type: string, data: unknown): Emitted['data'] {
  const schema = Object.hasOwn(kind.emits, type) ? kind.emits[type] : undefined
  if (schema === undefined) throw new ColloquyError('unknown_emit', `the machine emits "${type}", which kind "${kind.name}" does not declare`)
  const problem = jsonProblem(data)
  if (problem !== undefined) throw new ColloquyError('bad_emit', `emitted "${type}": ${problem}`)
  const checked = schema.safeParse(data)
  if (!checked.success) throw new ColloquyError('bad_emit', zodProblem(checked.error, `emitted "${type}"`))
  return objectData.parse(data)
}
const objectData = z.record(z.string(), z.unknown())
