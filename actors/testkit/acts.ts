import type { InternalInput, TaskError } from '../../schemas/internal-messages.ts'
import { actorSource, type Origin, parseActorSource } from '../../schemas/subjects.ts'
import { valueText } from '../core/value-differences.ts'
import { sendersOf } from '../definition/sent-by.ts'
import { endChild, stopByParent } from './child-acts.ts'
import { durationText } from './durations.ts'
import {
  advanceTo,
  deliver,
  deliverReadyResults,
  internalMessage,
  nextScheduled,
  producerMessage,
  resultMessage,
  startStep,
  timeText,
  type World,
} from './simulated-world.ts'

/** Attributes of an input besides its type and data. */
export interface Attributes {
  /** Default: a new id for each input. An input with an id that the actor remembers is a duplicate and changes nothing. */
  readonly id?: string
  /** Default `test`; of an input that only actors send (`sentBy`), an actor of the first kind that does. */
  readonly source?: string
  /** When it happened, ISO. Default: the simulated time. */
  readonly time?: string
  readonly sequence?: number
  readonly correlationid?: string
  readonly causationid?: string
  readonly history?: boolean
}

/** One act of a test on an actor, as data. Scenarios, random walks and recordings consist of acts. */
export type Act =
  | { readonly act: 'when'; readonly type: string; readonly data: unknown; readonly attributes?: Attributes | undefined }
  | { readonly act: 'raw'; readonly body: unknown }
  | { readonly act: 'after'; readonly ms: number }
  | { readonly act: 'until'; readonly time: string }
  | { readonly act: 'ends'; readonly task: string; readonly output: unknown }
  | { readonly act: 'fails'; readonly task: string; readonly error: TaskError }
  | { readonly act: 'expires'; readonly task: string }
  | { readonly act: 'fires'; readonly event?: string | undefined }
  | { readonly act: 'childEnds'; readonly child: string; readonly output: unknown }
  | { readonly act: 'childFails'; readonly child: string; readonly error: TaskError }
  /** The parent stops the actor. */
  | { readonly act: 'stops' }

/** What only actors send is sent by one, unless the test names a source that is none. */
function senderOf({ watcher: { kind }, address }: World, type: string, source?: string): { source: string; origin: Origin } {
  const senders = sendersOf(kind.sentBy, type)
  if (senders === undefined) return { source: source ?? 'test', origin: 'producer' }
  const [first = kind.name] = senders === '*' ? [] : senders
  const sender = source ?? actorSource({ ...address, kind: first, id: 'sender' })
  return { source: sender, origin: parseActorSource(sender) === undefined ? 'producer' : 'actor' }
}

/** Performs an act and delivers the stubs' immediate results. A returned text says why the act is impossible. */
export function perform(world: World, act: Act): World | string {
  const started = startStep(world, actText(act))
  switch (act.act) {
    case 'when': {
      const { source, origin } = senderOf(world, act.type, act.attributes?.source)
      const body = { type: act.type, data: act.data, id: `input-${world.seq + 1}`, ...act.attributes, source }
      return deliverReadyResults(deliver(started, { payload: Buffer.from(JSON.stringify(body)), origin }))
    }
    case 'raw':
      return deliverReadyResults(deliver(started, producerMessage(bytesOf(act.body))))
    case 'after':
      return advanceTo(started, world.nowMs + act.ms)
    case 'until': {
      const untilMs = Date.parse(act.time)
      return untilMs >= world.nowMs ? advanceTo(started, untilMs) : `"${act.time}" is not a time from ${timeText(world.nowMs)} on`
    }
    case 'ends':
    case 'fails': {
      const run = pendingRun(world, act.task)
      if (run === undefined) return noPendingRun(act.task)
      const result = act.act === 'ends' ? { kind: 'done' as const, output: act.output } : { kind: 'failed' as const, error: act.error }
      return deliverReadyResults(deliver(started, resultMessage(run.run, { ...result, afterMs: 0 })))
    }
    case 'childEnds':
    case 'childFails': {
      const ended = endChild(world, started, act.child, act.act === 'childEnds' ? { output: act.output } : { error: act.error })
      return typeof ended === 'string' ? ended : deliverReadyResults(ended)
    }
    case 'stops':
      return stopByParent(started)
    case 'expires': {
      const run = pendingRun(world, act.task)
      return run === undefined ? noPendingRun(act.task) : deliverAt(started, run.deadlineAt, { type: 'task.expired', run: run.run })
    }
    case 'fires': {
      const timer = pendingTimer(world, act.event)
      if (timer === undefined) return `no timer${act.event === undefined ? '' : ` of "${act.event}"`} is pending`
      return deliverAt(started, timer.at, { type: 'timer.fired', run: timer.run })
    }
  }
}

/** Advances the clock to a scheduled time and delivers the message. Refuses where something else is scheduled earlier. */
function deliverAt(world: World, at: string, message: InternalInput): World | string {
  const earlier = nextScheduled(world)
  const atMs = Date.parse(at)
  if (earlier !== undefined && earlier.atMs < atMs) {
    return `a ${earlier.what} comes before that, at ${timeText(earlier.atMs)}: let it come first, for example by .after(…)`
  }
  return deliverReadyResults(deliver({ ...world, nowMs: Math.max(world.nowMs, atMs) }, internalMessage(message)))
}

const noPendingRun = (task: string): string => `no run of task "${task}" waits for a result`

/** The payload for a body: bytes and strings as they are, any other value as JSON. */
export const bytesOf = (body: unknown): Uint8Array =>
  body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : (JSON.stringify(body) ?? ''))

/** The tasks with a run that no stub will end, each once; the oldest run first. */
export const unstubbedTasks = (world: World): string[] => [
  ...new Set(
    Object.entries(world.actor.state?.tasks ?? {})
      .filter(([run]) => !hasResult(world, run))
      .map(([, { task }]) => task),
  ),
]

function pendingRun(world: World, name: string): { run: string; deadlineAt: string } | undefined {
  const found = Object.entries(world.actor.state?.tasks ?? {}).find(([run, { task }]) => task === name && !hasResult(world, run))
  return found === undefined ? undefined : { run: found[0], deadlineAt: found[1].deadlineAt }
}

const hasResult = ({ results }: World, run: string): boolean => results.some((result) => result.run === run)

function pendingTimer(world: World, event: string | undefined): { run: string; at: string } | undefined {
  const timers = Object.entries(world.actor.state?.timers ?? {}).filter(([, timer]) => event === undefined || timer.event.type === event)
  const [earliest] = timers.toSorted(([, one], [, other]) => Date.parse(one.at) - Date.parse(other.at))
  return earliest === undefined ? undefined : { run: earliest[0], at: earliest[1].at }
}

/** The act as a line of a history. */
function actText(act: Act): string {
  switch (act.act) {
    case 'when':
      return `when ${act.type} ${valueText(act.data)}`
    case 'raw':
      return `when ${valueText(Buffer.from(bytesOf(act.body)).toString('utf8'))} is published`
    case 'after':
      return `after ${durationText(act.ms)}`
    case 'until':
      return `until ${act.time}`
    case 'ends':
      return `task ${act.task} ends`
    case 'fails':
      return `task ${act.task} fails`
    case 'expires':
      return `task ${act.task} expires`
    case 'childEnds':
      return `child ${act.child} ends`
    case 'childFails':
      return `child ${act.child} fails`
    case 'stops':
      return 'the parent stops it'
    case 'fires':
      return `timer${act.event === undefined ? '' : ` ${act.event}`} fires`
  }
}
