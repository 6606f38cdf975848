import { ColloquyError } from '../../schemas/errors.ts'
import type { InternalInput } from '../../schemas/internal-messages.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { actorSubject, type Address, inputSubject, internalSubject } from '../../schemas/subjects.ts'
import { type Actor, actorAfter, newActor } from '../core/actor.ts'
import type { Message } from '../core/decision.ts'
import type { Kind } from '../definition/kind.ts'
import { type AnyStub, runStub, type StubbedRun } from './task-stubs.ts'
import { type Complaint, createWatcher, type Watcher } from './watched-machine.ts'

/** One act of the test, with the records that followed from it. */
export interface Step {
  /** The act as the test writes it. */
  readonly what: string
  readonly records: readonly LogRecord[]
}

/** An actor with its simulated environment. Immutable: every act returns a new world. */
export interface World {
  readonly watcher: Watcher
  readonly address: Address
  readonly actor: Actor
  readonly nowMs: number
  /** INBOX sequence of the last message. */
  readonly seq: number
  readonly stubs: ReadonlyMap<string, AnyStub>
  /** Runs so far, by task. */
  readonly calls: ReadonlyMap<string, number>
  /** Results of stubs that are still to come, earliest first. */
  readonly results: readonly ScheduledResult[]
  /** Oldest first. */
  readonly steps: readonly Step[]
  readonly complaint: Complaint | undefined
}

interface ScheduledResult {
  readonly run: string
  readonly atMs: number
  readonly result: Exclude<StubbedRun, { kind: 'never' }>
}

const START = Date.parse('2026-01-01T00:00:00.000Z')

/** Deliveries that one step may cause; more of them are an endless loop. */
const DELIVERIES_MAX = 10_000

/** Address and start time of a simulated actor. */
export interface WorldOptions {
  /** Default `test/<kind>/actor`. */
  readonly tenant?: string
  readonly id?: string
  /** Start of simulated time, ISO. Default 2026-01-01T00:00:00Z. */
  readonly at?: string
  /** A parent starts the actor with this input, as its first step. Default: no parent does, and the first input starts it. */
  readonly input?: unknown
}

/**
 * A world with an actor that has had no input.
 *
 * @throws ColloquyError `bad_time` where `at` is not a time.
 */
export function createWorld(kind: Kind, { tenant = 'test', id = 'actor', at }: WorldOptions = {}): World {
  const nowMs = at === undefined ? START : Date.parse(at)
  if (!Number.isFinite(nowMs)) throw new ColloquyError('bad_time', `"${at}" is not a time: write ISO 8601, such as 2026-01-01T00:00:00Z`)
  const address = { tenant, kind: kind.name, id }
  return {
    watcher: createWatcher(kind),
    address,
    actor: newActor(address),
    nowMs,
    seq: 0,
    stubs: new Map(),
    calls: new Map(),
    results: [],
    steps: [],
    complaint: undefined,
  }
}

/** Begins a step without records. */
export const startStep = (world: World, what: string): World => ({ ...world, steps: [...world.steps, { what, records: [] }] })

export const timeText = (ms: number): string => new Date(ms).toISOString()

const SUBJECTS = { producer: inputSubject, actor: actorSubject, internal: internalSubject } as const
type Delivered = Pick<Message, 'payload' | 'origin'>
export const producerMessage = (payload: Uint8Array): Delivered => ({ payload, origin: 'producer' })
/** A message of another actor. */
export const actorMessage = (body: object): Delivered => ({ payload: Buffer.from(JSON.stringify(body)), origin: 'actor' })
export const internalMessage = (body: InternalInput): Delivered => ({ payload: Buffer.from(JSON.stringify(body)), origin: 'internal' })

/** Delivers one message to the actor and schedules the results of stubs for the tasks that it starts. */
export function deliver(world: World, { payload, origin }: Delivered): World {
  const seq = world.seq + 1
  const { address, watcher, steps } = world
  const message: Message = { seq, ts: timeText(world.nowMs), payload, origin, addressable: true, subject: SUBJECTS[origin](address) }
  const { decision, complaint } = watcher.decide(world.actor, message)
  const after = { ...world, seq, complaint: world.complaint ?? complaint }
  if (decision.kind !== 'record') return after
  const record = JSON.parse(Buffer.from(decision.encoded).toString('utf8')) as LogRecord
  const step = steps.at(-1) ?? { what: '', records: [] }
  return withResults(
    {
      ...after,
      actor: decision.next ?? actorAfter(address, record),
      steps: [...steps.slice(0, -1), { ...step, records: [...step.records, record] }],
    },
    record,
  )
}

function withResults(world: World, record: LogRecord): World {
  const calls = new Map(world.calls)
  const results = world.results.filter(({ run }) => record.state?.tasks[run] !== undefined)
  for (const { run, task, input } of record.started) {
    const call = calls.get(task) ?? 0
    calls.set(task, call + 1)
    const stub = world.stubs.get(task)
    if (!world.stubs.has(task)) continue
    const result = runStub(world.watcher.kind, task, stub, input, call)
    if (result.kind !== 'never') results.push({ run, atMs: Date.parse(record.at) + result.afterMs, result })
  }
  return { ...world, calls, results: results.toSorted((one, other) => one.atMs - other.atMs) }
}

/**
 * Something that happens without an act: a stub's result, a timer, a deadline. If several have the same time, they happen in this order.
 */
type ScheduledEvent = { readonly atMs: number } & (
  | { readonly what: 'result'; readonly result: ScheduledResult }
  | { readonly what: 'timer'; readonly run: string }
  | { readonly what: 'deadline'; readonly run: string; readonly task: string }
)

/** The earliest scheduled event; undefined where there is none. */
export function nextScheduled({ results, actor }: World): ScheduledEvent | undefined {
  const { tasks = {}, timers = {} } = actor.state ?? {}
  const scheduled: ScheduledEvent[] = [
    ...results.map((result): ScheduledEvent => ({ what: 'result', atMs: result.atMs, result })),
    ...Object.entries(timers).map(([run, { at }]): ScheduledEvent => ({ what: 'timer', atMs: Date.parse(at), run })),
    ...Object.entries(tasks).map(([run, { task, deadlineAt }]): ScheduledEvent => ({
      what: 'deadline',
      atMs: Date.parse(deadlineAt),
      run,
      task,
    })),
  ]
  return scheduled.reduce<ScheduledEvent | undefined>(
    (first, one) => (first === undefined || one.atMs < first.atMs ? one : first),
    undefined,
  )
}

/**
 * Advances the clock and delivers everything scheduled on the way, in order.
 *
 * @throws ColloquyError `no_stub` where a task without a stub reaches its deadline, `endless` where the deliveries do not end.
 */
export const advanceTo = (world: World, untilMs: number): World => advance(world, untilMs, nextScheduled)

/** Delivers stub results that take no time. Timers and deadlines wait until time passes, if only by `.after(0)`. */
export const deliverReadyResults = (world: World): World =>
  advance(world, world.nowMs, ({ results: [first] }) => first && { what: 'result', atMs: first.atMs, result: first })

function advance(world: World, untilMs: number, next: (world: World) => ScheduledEvent | undefined): World {
  let now = world
  for (let deliveries = 0; now.complaint === undefined; deliveries++) {
    const scheduled = next(now)
    if (scheduled === undefined || scheduled.atMs > untilMs) break
    if (deliveries === DELIVERIES_MAX) {
      const what = `more than ${DELIVERIES_MAX} timers and results were delivered up to ${timeText(now.nowMs)}`
      throw new ColloquyError('endless', `${what}; let less time pass at once, or look for a loop in the machine`)
    }
    now = deliver({ ...now, nowMs: Math.max(now.nowMs, scheduled.atMs) }, messageOf(now, scheduled))
  }
  return { ...now, nowMs: Math.max(now.nowMs, untilMs) }
}

function messageOf(world: World, scheduled: ScheduledEvent): Delivered {
  if (scheduled.what === 'timer') return internalMessage({ type: 'timer.fired', run: scheduled.run })
  if (scheduled.what === 'result') return resultMessage(scheduled.result.run, scheduled.result.result)
  if (!world.stubs.has(scheduled.task)) {
    const { task } = scheduled
    const what = `task "${task}" reached its deadline, since this test defines no outcome for it`
    throw new ColloquyError('no_stub', `${what}: add .task('${task}', …), or .task('${task}', never) if this is intended`)
  }
  return internalMessage({ type: 'task.expired', run: scheduled.run })
}

/** The internal message with the outcome of a run. */
export function resultMessage(run: string, result: Exclude<StubbedRun, { kind: 'never' }>): Delivered {
  const common = { run, attempts: 1, queueMs: 0, durationMs: result.afterMs }
  return internalMessage(
    result.kind === 'done'
      ? { type: 'task.done', ...common, output: result.output }
      : { type: 'task.failed', ...common, error: result.error },
  )
}

/** Whether recorded active states are this state, lie in it, or include it among parallel ones. */
export const isIn = (state: string, wanted: string): boolean =>
  state === wanted || state.split('+').some((leaf) => leaf === wanted || leaf.startsWith(`${wanted}.`))
