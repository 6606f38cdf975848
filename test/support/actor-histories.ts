import fc from 'fast-check'
import { type Actor, actorAfter, newActor } from '../../actors/core/actor.ts'
import { decide } from '../../actors/core/decide.ts'
import type { Decision, Message } from '../../actors/core/decision.ts'
import { type Kind, type Kinds, kindsByName } from '../../actors/definition/kind.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { message, reread, timeAt } from './core-helpers.ts'

/** How to generate histories of one kind's actors. */
export interface KindGenerators {
  readonly kind: Kind
  /** Inputs from producers. */
  readonly inputs: fc.Arbitrary<{ readonly type: string; readonly data: unknown }>
  /** Possible outputs of its tasks. */
  readonly outputs: Readonly<Record<string, readonly unknown[]>>
}

const ENDINGS = ['task.done', 'task.failed', 'task.expired', 'timer.fired'] as const

/** One event of an actor. Numbers select among the runs and messages that exist then. */
export type HistoryEvent =
  | { readonly what: 'input'; readonly body: object }
  /** A task or timer that is pending comes to its end. */
  | { readonly what: 'end'; readonly pick: number; readonly ending: number; readonly output: number }
  /** The end of something that may be over, in a way that may not be its own. */
  | { readonly what: 'late'; readonly pick: number; readonly ending: number }
  /** An earlier message is published once more. */
  | { readonly what: 'again'; readonly pick: number }
  | { readonly what: 'rubbish'; readonly bytes: Uint8Array; readonly origin: Message['origin'] }

/** Attributes besides type and data: often an id, sometimes that of another input; a sequence; history; correlation. */
const attributes = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 3, arbitrary: fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e'), source: fc.constantFrom('nats', 'web', 'crm') }) },
  { weight: 2, arbitrary: fc.record({ source: fc.constantFrom('web', 'crm', '__proto__'), sequence: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.constant({ history: true }) },
  { weight: 1, arbitrary: fc.constant({ correlationid: 'c', traceparent: '00-t', time: '2026-02-03T04:05:06+08:00' }) },
)

export function historyEvents({ inputs }: KindGenerators, maxLength = 40): fc.Arbitrary<HistoryEvent[]> {
  const input = fc.tuple(inputs, attributes).map(([body, more]): HistoryEvent => ({ what: 'input', body: { ...body, ...more } }))
  const end = fc.record({ what: fc.constant('end' as const), pick: fc.nat(), ending: fc.nat(), output: fc.nat() })
  const late = fc.record({ what: fc.constant('late' as const), pick: fc.nat(), ending: fc.nat() })
  const again = fc.record({ what: fc.constant('again' as const), pick: fc.nat() })
  const rubbish = fc.record({
    what: fc.constant('rubbish' as const),
    bytes: fc.uint8Array({ maxLength: 20 }),
    origin: fc.constantFrom<Message['origin']>('producer', 'internal'),
  })
  return fc.array(
    fc.oneof(
      { weight: 12, arbitrary: input },
      { weight: 6, arbitrary: end },
      { weight: 1, arbitrary: late },
      { weight: 2, arbitrary: again },
      { weight: 1, arbitrary: rubbish },
    ),
    { maxLength, size: 'max' },
  )
}

/** The history of an actor that is reloaded from the log before every decision. */
export interface ActorHistory {
  readonly messages: Message[]
  readonly decisions: Decision[]
  /** The records as read from LOG, and as written. */
  readonly records: LogRecord[]
  readonly written: string[]
  actor: Actor
}

export const newHistory = ({ kind }: KindGenerators, id = 'a1'): ActorHistory => ({
  messages: [],
  decisions: [],
  records: [],
  written: [],
  actor: newActor({ tenant: 'acme', kind: kind.name, id }),
})

export const textOf = (encoded: Uint8Array): string => Buffer.from(encoded).toString('utf8')

const kindsOf = ({ kind }: KindGenerators): Kinds => kindsByName([kind])

export const decideAt = (generators: KindGenerators, actor: Actor, at: Message, fresh: boolean, now = at.ts): Decision =>
  decide(kindsOf(generators), actor, at, { now, low: Math.max(0, at.seq - 3), lastSeq: actor.n }, fresh)

/** Applies one event to an actor, at an INBOX position. */
export function applyEvent(generators: KindGenerators, history: ActorHistory, event: HistoryEvent, seq: number): void {
  const at = messageOf(generators, history, event, seq)
  const decision = decideAt(generators, history.actor, at, true)
  history.messages.push(at)
  history.decisions.push(decision)
  if (decision.kind !== 'record') return
  history.records.push(reread(decision.record))
  history.written.push(textOf(decision.encoded))
  history.actor = actorAfter(history.actor.address, reread(decision.record))
}

export function playHistory(generators: KindGenerators, all: readonly HistoryEvent[]): ActorHistory {
  const history = newHistory(generators)
  for (const [index, event] of all.entries()) applyEvent(generators, history, event, index + 1)
  return history
}

/**
 * The records that the same messages lead to where the actor stays in memory, as in a host. It is evicted only before the messages that
 * `evicts` selects, and whenever a decision asks for it.
 */
export function replayInMemory(
  generators: KindGenerators,
  messages: readonly Message[],
  evicts: (index: number) => boolean,
  first = newHistory(generators).actor,
): string[] {
  const written: string[] = []
  let actor = first
  let last: LogRecord | undefined
  const reload = (): Actor => (last === undefined ? first : actorAfter(first.address, reread(last)))
  for (const [index, at] of messages.entries()) {
    if (evicts(index)) actor = reload()
    let decision = decideAt(generators, actor, at, actor.snapshot === undefined)
    if (decision.kind === 'threw') decision = decideAt(generators, reload(), at, true)
    if (decision.kind !== 'record') continue
    last = decision.record
    written.push(textOf(decision.encoded))
    actor = decision.next ?? reload()
  }
  return written
}

function messageOf(generators: KindGenerators, history: ActorHistory, event: HistoryEvent, seq: number): Message {
  switch (event.what) {
    case 'input':
      return message(seq, event.body)
    case 'rubbish':
      return message(seq, '', { payload: event.bytes, origin: event.origin })
    case 'again': {
      const earlier = picked(history.messages, event.pick)
      return earlier === undefined ? message(seq, '') : { ...earlier, seq, ts: timeAt(seq) }
    }
    case 'end': {
      const { tasks = {}, timers = {} } = history.actor.state ?? {}
      const run = picked([...Object.keys(tasks), ...Object.keys(timers)].sort(), event.pick) ?? 'none'
      const task = tasks[run]?.task
      const type = task === undefined ? ('timer.fired' as const) : (ENDINGS[event.ending % 3] ?? 'task.done')
      return ending(seq, type, run, picked(generators.outputs[task ?? ''] ?? [], event.output))
    }
    case 'late': {
      const runs = history.records.flatMap((record) => [...record.started, ...record.timers].map((started) => started.run))
      return ending(seq, ENDINGS[event.ending % 4] ?? 'task.done', picked(runs, event.pick) ?? 'none', null)
    }
  }
}

function ending(seq: number, type: (typeof ENDINGS)[number], run: string, output: unknown): Message {
  const common = { type, run, attempts: 1, queueMs: 2, durationMs: 3 }
  const about = type === 'task.done' ? { output } : type === 'task.failed' ? { error: { code: 'http_500', message: 'no' } } : {}
  return message(seq, { ...common, ...about }, { origin: 'internal' })
}

const picked = <T>(from: readonly T[], pick: number): T | undefined => from[pick % from.length]
