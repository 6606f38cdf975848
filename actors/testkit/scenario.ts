import type { z } from 'zod'
import { CHILD_START } from '../../schemas/child-messages.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { LogRecord, Reason } from '../../schemas/record.ts'
import { statePath } from '../core/snapshot.ts'
import { type Difference, differenceLines, differencesBetween, valueText } from '../core/value-differences.ts'
import type { Kind, Label } from '../definition/kind.ts'
import { type Act, type Attributes, perform } from './acts.ts'
import { fitChildOutput, runningChildren, startByParent } from './child-acts.ts'
import { type Duration, durationText, millisecondsOf } from './durations.ts'
import { complaintText, failure } from './failure.ts'
import {
  createWorld,
  deliverReadyResults,
  isIn,
  nextScheduled,
  startStep,
  timeText,
  type World,
  type WorldOptions,
} from './simulated-world.ts'
import { type AnyStub, type Failure, fitOutput, isFailure, type StubOf } from './task-stubs.ts'

/** Some of an object's fields, at every depth; arrays are whole. */
export type Some<T> = T extends readonly unknown[] ? T : T extends object ? { readonly [Key in keyof T]?: Some<T[Key]> } : T

export type { Attributes } from './acts.ts'

type Name<Of> = keyof Of & string
type OutputOf<K extends Kind, Task extends Name<K['tasks']>> = z.input<K['tasks'][Task]['output']>

/**
 * A test of one actor, step by step.
 *
 * Every call returns a new scenario and leaves the old one unchanged, so several tests may branch from one beginning. `then…` examines the
 * last step: the last `when`, `after`, `until`, `taskEnds`, `taskExpires` or `timerFires`, with all that followed from it.
 *
 * An input that is rejected, or that ends the actor with an error, fails the test at the next call, unless that call is `thenRejected` or
 * `thenStatus`.
 */
export interface Scenario<K extends Kind> {
  /** Defines the outcome of all later runs of a task; see `Stub`. A run of a task without a stub waits for `taskEnds`. */
  task<Task extends Name<K['tasks']>>(name: Task, stub: StubOf<K['tasks'][Task]>): Scenario<K>

  /**
   * Delivers an input, and the results of stubs that take no time. Timers fire only when time passes: `.after(0)` fires those that are due
   * now.
   */
  when<Type extends Name<K['events']>>(type: Type, data: z.input<K['events'][Type]>, attributes?: Attributes): Scenario<K>
  /** Publishes any body as a producer may: a string or bytes as they are, any other value as JSON. */
  whenRaw(body: unknown): Scenario<K>
  /** Lets time pass. Timers, results and deadlines are delivered at their times, in order. */
  after(duration: Duration): Scenario<K>
  /** Lets time pass up to an ISO time. */
  until(time: string): Scenario<K>
  /** Ends the oldest pending run of a task without a stub. */
  taskEnds<Task extends Name<K['tasks']>>(name: Task, result: OutputOf<K, Task> | Failure): Scenario<K>
  /** Lets the deadline of a task's oldest pending run pass; advances the clock to it where it lies ahead. */
  taskExpires(name: Name<K['tasks']>): Scenario<K>
  /** Ends the running child of this name: the id of its invoke, or the one that `spawnChild` gave. */
  childEnds(name: string, result: unknown): Scenario<K>
  /** The parent of the actor stops it; see `input` of the options of `given`. */
  parentStops(): Scenario<K>
  /** Fires the earliest pending timer, or the earliest one with this event; advances the clock to it where it lies ahead. */
  timerFires(event?: string): Scenario<K>

  /**
   * The actor is in this state or in a substate of it: `open` holds in `open.idle`. Of parallel states, name one, or all of them sorted and
   * joined by `+`.
   */
  thenState(path: string): Scenario<K>
  /** The context has these fields, or passes this check. */
  thenContext(expected: Some<z.output<K['context']>> | ((context: z.output<K['context']>) => boolean)): Scenario<K>
  /** An event with these fields was emitted. The search starts after the event that the last `thenEmitted` of this step found. */
  thenEmitted<Type extends Name<K['emits']>>(type: Type, data?: Some<z.input<K['emits'][Type]>>): Scenario<K>
  /** No event of this type was emitted; without a type: no event at all. */
  thenNotEmitted(type?: Name<K['emits']>): Scenario<K>
  /** A run of the task was started, with these fields in its input. */
  thenTask<Task extends Name<K['tasks']>>(name: Task, input?: Some<z.input<K['tasks'][Task]['input']>>): Scenario<K>
  /** A child of this name was started and runs, with these fields in its input. */
  thenChild(name: string, input?: object): Scenario<K>
  /** No child of this name runs; without a name: none at all. */
  thenNoChild(name?: string): Scenario<K>
  /** An event with these fields was sent to another actor. */
  thenSent<To extends Kind>(
    kind: To,
    id: string,
    type: Name<To['events']>,
    data?: Some<z.input<To['events'][Name<To['events']>]>>,
  ): Scenario<K>
  thenSent(kind: string, id: string, type: string, data?: object): Scenario<K>
  /** A timer is pending that fires after this duration. */
  thenTimer(due: Duration): Scenario<K>
  /** The step had no effect: no event, task or timer, and the state is unchanged. */
  thenNothing(): Scenario<K>
  thenRejected(reason: Reason): Scenario<K>
  thenStatus(status: LogRecord['status']): Scenario<K>
  /** The label has these facts. */
  thenLabel(expected: Label): Scenario<K>

  /** The active states as records write them; before the first input, the machine's initial states. */
  readonly state: string
  /** The machine's context; undefined before the first input, although the type does not say so. */
  readonly context: z.output<K['context']>
  /** The simulated time, ISO. */
  readonly now: string
  /** All records so far, as LOG would hold them, oldest first. */
  readonly records: readonly LogRecord[]
}

/** A world, with what the test has examined of its last step. */
interface Inspection {
  readonly world: World
  /** Emitted events of this step up to the last one that `thenEmitted` found. */
  readonly emittedChecked: number
  /** The test expects a rejection or an end with an error. */
  readonly isExpected: boolean
}

/** Starts a test of an actor that has had no input. */
export function given<K extends Kind>(kind: K, options: WorldOptions = {}): Scenario<K> {
  const world = createWorld(kind, options)
  if (!Object.hasOwn(options, 'input')) return scenarioOf(world)
  return scenarioOf(deliverReadyResults(startByParent(startStep(world, 'a parent starts it'), options.input)))
}

/** Continues from a world at its last step. `isExpected`: a rejection or error in that step is expected. */
export const scenarioOf = <K extends Kind>(world: World, isExpected = false): Scenario<K> =>
  createScenario({ world, emittedChecked: 0, isExpected })

function createScenario<K extends Kind>(inspection: Inspection): Scenario<K> {
  const { world } = inspection
  const { kind } = world.watcher
  const step = world.steps.at(-1) ?? { what: '', records: [] }
  const { initialState } = world.watcher
  const state = world.actor.state === null ? initialState : statePath(world.actor.state)

  /** Performs an act as the next step. The step before must not have failed unexpectedly. */
  const next = (calledBy: Called, act: Act): Scenario<K> => {
    checkUnexpected(inspection, calledBy)
    const after = perform(world, act)
    if (typeof after === 'string') throw failure(world, after, { calledBy })
    if (after.complaint !== undefined) throw failure(after, complaintText(after.complaint), { calledBy })
    return scenarioOf(after)
  }

  /** Examines the same step; `problem` says how it differs from what was expected. */
  const then = (
    calledBy: Called,
    problem: string | undefined,
    more: Partial<Inspection> = {},
    values: { expected?: unknown; actual?: unknown } = {},
  ): Scenario<K> => {
    if (more.isExpected !== true) checkUnexpected(inspection, calledBy)
    if (problem !== undefined) throw failure(world, problem, { ...values, calledBy })
    return createScenario({ ...inspection, ...more })
  }
  const compared = (calledBy: Called, what: string, expected: unknown, actual: unknown): Scenario<K> => {
    const lines = differenceLines(differencesBetween(expected, actual, 'contains'))
    return then(calledBy, lines.length === 0 ? undefined : `${what} differs\n  ${lines.join('\n  ')}`, {}, { expected, actual })
  }
  /** The index of the first item with this name and these fields; where there is none, a text with the items that exist. */
  const find = (
    verb: string,
    name: string,
    fields: unknown,
    all: readonly (readonly [name: string, fields: unknown])[],
    from = 0,
  ): { problem?: string; index: number } => {
    const index = all.findIndex(([other, has], at) => at >= from && other === name && missingFields(fields, has).length === 0)
    if (index >= 0) return { index }
    const wanted = fields === undefined ? name : `${name} with ${valueText(fields)}`
    const near = all.slice(from).find(([other]) => other === name)
    const why = near === undefined ? [] : differenceLines(missingFields(fields, near[1])).map((line) => `\n  ${line}`)
    const others = all.map(([other, has]) => `${other} ${valueText(has)}`).join(', ')
    const examined = from > 0 ? `, of which the first ${from} were examined before` : ''
    const actual = `it ${verb} ${others === '' ? 'nothing' : others}${examined}`
    return { index, problem: `expected that it ${verb} ${wanted}; ${actual}${why.join('')}` }
  }
  const emitted = step.records.flatMap((record) => record.emitted)

  const api: Scenario<K> = {
    task(name, stub: AnyStub) {
      checkUnexpected(inspection, api.task)
      if (!Object.hasOwn(kind.tasks, name)) {
        throw new ColloquyError(
          'no_such_task',
          `kind "${kind.name}" has no task "${name}"; it has ${Object.keys(kind.tasks).join(', ') || 'none'}`,
        )
      }
      const calls = new Map(world.calls)
      calls.delete(name)
      return createScenario({ ...inspection, world: { ...world, calls, stubs: new Map(world.stubs).set(name, stub) } })
    },
    when: (type, data, attributes) => next(api.when, { act: 'when', type, data, attributes }),
    whenRaw: (body) => next(api.whenRaw, { act: 'raw', body }),
    after: (duration) => next(api.after, { act: 'after', ms: millisecondsOf(duration) }),
    until: (time) => next(api.until, { act: 'until', time }),
    taskEnds: (name, result) =>
      next(
        api.taskEnds,
        isFailure(result)
          ? { act: 'fails', task: name, error: result.error }
          : { act: 'ends', task: name, output: fitOutput(kind, name, result) },
      ),
    childEnds(name, result) {
      if (isFailure(result)) return next(api.childEnds, { act: 'childFails', child: name, error: result.error })
      const src = runningChildren(world).find(([, { child }]) => child === name)?.[1].src ?? ''
      return next(api.childEnds, { act: 'childEnds', child: name, output: fitChildOutput(kind, src, result) })
    },
    parentStops: () => next(api.parentStops, { act: 'stops' }),
    taskExpires: (name) => next(api.taskExpires, { act: 'expires', task: name }),
    timerFires: (event) => next(api.timerFires, { act: 'fires', event }),

    thenState(path) {
      const problem = isIn(state, path) ? undefined : `expected state "${path}", but it is in "${state}"${hintOf(world)}`
      return then(api.thenState, problem, {}, { expected: path, actual: state })
    },
    thenContext(expected) {
      const context = world.actor.state?.context
      if (typeof expected !== 'function') return compared(api.thenContext, 'the context', expected, context)
      const passes = expected(context as z.output<K['context']>)
      return then(api.thenContext, passes ? undefined : `the context does not pass the check: ${valueText(context)}`)
    },
    thenEmitted(type, data) {
      const { problem, index } = find(
        'emitted',
        type,
        data,
        emitted.map((event) => [event.type, event.data]),
        inspection.emittedChecked,
      )
      const values = data === undefined ? {} : { expected: { type, data }, actual: emitted.slice(inspection.emittedChecked) }
      return then(api.thenEmitted, problem, { emittedChecked: index + 1 }, values)
    },
    thenNotEmitted(type) {
      const wrong = emitted.filter((event) => type === undefined || event.type === type)
      const list = wrong.map((event) => `${event.type} ${valueText(event.data)}`).join(', ')
      const problem = wrong.length === 0 ? undefined : `expected no ${type ?? 'event'} to be emitted, but it emitted ${list}`
      return then(api.thenNotEmitted, problem)
    },
    thenTask(name, input) {
      const started = step.records.flatMap((record) => record.started)
      return then(
        api.thenTask,
        find(
          'started',
          name,
          input,
          started.map((one) => [one.task, one.input]),
        ).problem,
      )
    },
    thenSent(to: Kind | string, id: string, type: string, data?: object) {
      const sent = step.records.flatMap((record) => record.sent ?? [])
      const name = (one: { kind: string; actor: string; type: string }): string => `${one.type} to ${one.kind}/${one.actor}`
      const wanted = name({ kind: typeof to === 'string' ? to : to.name, actor: id, type })
      return then(
        api.thenSent,
        find(
          'sent',
          wanted,
          data,
          sent.map((one) => [name(one), one.data]),
        ).problem,
      )
    },
    thenChild(name, input) {
      const started = step.records.flatMap(({ sent = [] }) => sent.filter(({ type }) => type === CHILD_START))
      const running = new Set(runningChildren(world).map(([run]) => run))
      return then(
        api.thenChild,
        find(
          'started',
          name,
          input,
          started.filter(({ data }) => running.has(String(data['run']))).map(({ data }) => [String(data['child']), data['input'] ?? {}]),
        ).problem,
      )
    },
    thenNoChild(name) {
      const names = runningChildren(world).map(([, { child }]) => child)
      const wrong = names.filter((child) => name === undefined || child === name)
      const problem =
        wrong.length === 0 ? undefined : `expected no child${name === undefined ? '' : ` "${name}"`}; running: ${names.join(', ')}`
      return then(api.thenNoChild, problem)
    },
    thenTimer(due) {
      const wanted = timeText(world.nowMs + millisecondsOf(due))
      const timers = Object.values(world.actor.state?.timers ?? {})
      const pending = timers.map(({ event, at }) => `${event.type} at ${at}`).join(', ')
      const isPending = timers.some(({ at }) => at === wanted)
      return then(api.thenTimer, isPending ? undefined : `expected a timer at ${wanted}; pending: ${pending || 'none'}`)
    },
    thenNothing() {
      const effective = step.records.filter(
        ({ from, to, emitted: events, started, timers, stopped, sent = [] }) =>
          (from || initialState) !== (to || initialState) || [events, started, timers, stopped, sent].some(({ length }) => length > 0),
      )
      return then(api.thenNothing, effective.length === 0 ? undefined : 'expected no effect')
    },
    thenRejected(reason) {
      const rejected = step.records.find((record) => record.outcome === 'rejected')
      const was = rejected === undefined ? 'it was not rejected' : `it was rejected as "${rejected.reason}": ${rejected.error ?? ''}`
      const problem = rejected?.reason === reason ? undefined : `expected to be rejected as "${reason}", but ${was}`
      return then(api.thenRejected, problem, { isExpected: true })
    },
    thenStatus(status) {
      const is = world.actor.status
      const error = step.records.at(-1)?.error
      const why = error === undefined ? '' : ` (${error})`
      return then(api.thenStatus, is === status ? undefined : `expected status "${status}", but it is "${is}"${why}`, { isExpected: true })
    },
    thenLabel: (expected) => compared(api.thenLabel, 'the label', expected, world.actor.label),

    state,
    get context() {
      return world.actor.state?.context as z.output<K['context']>
    },
    now: timeText(world.nowMs),
    get records() {
      return world.steps.flatMap(({ records }) => records)
    },
  }
  return api
}

/** How an item differs from the expected fields; none where no fields are expected. */
const missingFields = (expected: unknown, has: unknown): Difference[] =>
  expected === undefined ? [] : differencesBetween(expected, has, 'contains')

type Called = (...args: never[]) => unknown

/** Fails where the last step ended in a rejection or error that the test does not expect. */
function checkUnexpected({ world, isExpected }: Inspection, calledBy: Called): void {
  if (isExpected) return
  for (const record of world.steps.at(-1)?.records ?? []) {
    if (record.outcome === 'rejected') {
      const what = `the input "${record.input.type}" was rejected as "${record.reason}": ${record.error ?? ''}`
      throw failure(world, `${what}\nIf this is intended: .thenRejected('${record.reason}')`, { calledBy })
    }
    if (record.status === 'error' && record.error !== undefined) {
      const hint = '"onError" of an "invoke" handles the error of its task. If this is intended: .thenStatus(\'error\')'
      throw failure(world, `the actor ended with an error: ${record.error}\n${hint}`, { calledBy })
    }
  }
}

/** The pending task or timer that may explain why the actor is not in the expected state. */
function hintOf(world: World): string {
  const waiting = Object.values(world.actor.state?.tasks ?? {})
    .filter(({ task }) => !world.stubs.has(task))
    .map(({ task }) => task)
  if (waiting.length > 0) {
    return `\nTask ${waiting.join(', ')} has no result: .task('${waiting[0]}', …) before, or .taskEnds('${waiting[0]}', …)`
  }
  const scheduled = nextScheduled(world)
  return scheduled === undefined
    ? ''
    : `\nThe next scheduled event is a ${scheduled.what}, in ${durationText(scheduled.atMs - world.nowMs)}`
}
