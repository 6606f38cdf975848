import { type Actor, actorAfter, newActor } from '../../actors/core/actor.ts'
import { decide } from '../../actors/core/decide.ts'
import type { Message } from '../../actors/core/decision.ts'
import { kindsByName } from '../../actors/definition/define-kind.ts'
import chaosKinds from '../../bench/chaos/chaos-kind.ts'
import {
  type ActorRow,
  type DeadLetterMessage,
  type DeadLetterRow,
  digestOf,
  digestOfBytes,
  type EventRow,
  type History,
  type IndexedText,
  type LedgerLine,
  type LoggedRecord,
  type OutMessage,
  type StateIntervalRow,
  type TaskRow,
  type UnreadableMessage,
} from '../../bench/chaos/check/chaos-history.ts'
import type { LogRecord } from '../../schemas/record.ts'

const kinds = kindsByName(chaosKinds)
const START = Date.parse('2026-01-01T00:00:00Z')
const timeAt = (seq: number): number => START + seq * 1_000
const PARTITION = 3

/** An input that Colloquy itself sends: the end of a task or timer. */
interface InternalInput {
  readonly type: string
  readonly run: string
  readonly [field: string]: unknown
}

/** One input of a history; INBOX assigns one sequence per second. An internal input is derived from the log so far. */
export type Step =
  | { readonly to: string; readonly type: string; readonly data: object; readonly rejected?: 'bad_data' }
  | { readonly to: string; readonly internal: (log: readonly LoggedRecord[]) => InternalInput }
  /** Delivers the message of the last `forward`. */
  | { readonly deliver: true }

/** A history in arrays, so that tests can alter it. */
export interface Recorded extends History {
  readonly ledger: LedgerLine[]
  readonly log: (LoggedRecord | UnreadableMessage)[]
  readonly out: OutMessage[]
  readonly dead: DeadLetterMessage[]
  readonly wakeUps: Map<string, number>
  readonly indexed: IndexedText[]
  readonly tables: {
    readonly events: EventRow[]
    readonly actors: ActorRow[]
    readonly tasks: TaskRow[]
    readonly deadLetters: DeadLetterRow[]
    readonly stateIntervals: StateIntervalRow[]
  }
}

interface Played {
  readonly ledger: LedgerLine[]
  readonly log: LoggedRecord[]
}

/** The producers' ledger and the log of some inputs, decided by the product's core. */
export function play(steps: readonly Step[]): Played {
  const ledger: LedgerLine[] = []
  const log: LoggedRecord[] = []
  const actors = new Map<string, Actor>()
  for (const [index, step] of steps.entries()) {
    const seq = index + 1
    const { id, body, origin } = bodyOf(step, seq, log)
    const payload = JSON.stringify(body)
    const actor = actors.get(id) ?? newActor({ tenant: 'chaos', kind: 'chaos', id })
    const message: Message = {
      seq,
      ts: new Date(timeAt(seq)).toISOString(),
      payload: Buffer.from(payload),
      subject: `in.chaos.chaos.${id}`,
      origin,
      addressable: true,
    }
    const decision = decide(
      kinds,
      actor,
      message,
      { now: message.ts, low: seq - 1, lastSeq: log.findLast((one) => one.actor === `chaos/chaos/${id}`)?.seq ?? 0 },
      true,
    )
    if (decision.kind !== 'record') throw new Error(`step ${seq} has no record: ${JSON.stringify(decision)}`)
    const record = JSON.parse(JSON.stringify(decision.record)) as LogRecord
    log.push({ seq: log.length + 1, partition: PARTITION, actor: `chaos/chaos/${id}`, record })
    actors.set(id, actorAfter(actor.address, record))
    if (!('type' in step)) continue
    const input = `m-${seq}`
    ledger.push(
      {
        what: 'sent',
        id: input,
        actor: `chaos/chaos/${id}`,
        content: digestOf({ type: step.type, data: step.data }),
        payload: digestOfBytes(payload),
        ...(step.rejected === undefined ? {} : { rejected: step.rejected }),
      },
      { what: 'acknowledged', id: input, position: seq },
    )
  }
  return { ledger, log }
}

function bodyOf(step: Step, seq: number, log: readonly LoggedRecord[]): { id: string; body: unknown; origin: Message['origin'] } {
  if ('type' in step) {
    return { id: step.to, origin: 'producer', body: { type: step.type, id: `m-${seq}`, source: 'chaos', data: step.data } }
  }
  if ('internal' in step) return { id: step.to, origin: 'internal', body: step.internal(log) }
  const from = log.findLast(({ record }) => record.sent !== undefined)
  const sent = from?.record.sent?.[0]
  if (from === undefined || sent === undefined) throw new Error('no actor has sent a message')
  return { id: sent.actor, origin: 'actor', body: { type: sent.type, id: sent.id, source: `colloquy/${from.actor}`, data: sent.data } }
}

/** The complete history for a log: what dispatcher and projector write. */
export function historyOf({ ledger, log }: Played, readAtMs = timeAt(log.length + 1)): Recorded {
  const payloads = new Map(ledger.flatMap((line) => (line.what === 'sent' ? [[line.id, line.payload]] : [])))
  const lasts = new Map(
    log.map(({ seq, actor, record }) => [actor, { actor, n: record.n, last_seq: seq, state: record.to, status: record.status }]),
  )
  const tasks = new Map<string, TaskRow>()
  const wakeUps = new Map<string, number>()
  for (const { actor, record } of log) {
    for (const { run, task } of record.started) tasks.set(run, { actor, run, name: task, status: 'running' })
    for (const { run, task, status } of record.ended) tasks.set(run, { actor, run, name: task, status })
    for (const { at } of record.timers) wakeUps.set(actor, Math.min(wakeUps.get(actor) ?? Infinity, Date.parse(at)))
  }
  const failures = log.flatMap(({ seq, actor, record }) =>
    record.ended
      .filter(({ status }) => status === 'failed' || status === 'expired')
      .map(({ run }) => ({ logSeq: seq, reason: 'task_failed', actor, payload: 'of the task', run })),
  )
  const rejections = log.flatMap(({ seq, actor, record }) =>
    record.reason === undefined ? [] : [{ logSeq: seq, reason: record.reason, actor, payload: payloads.get(record.input.id) ?? '' }],
  )
  const dead = [...rejections, ...failures]
  return {
    ledger,
    log,
    wakeUps,
    dead,
    tasksWaiting: 0,
    readAtMs,
    indexed: log.flatMap(({ actor, record: { input, outcome } }) =>
      outcome === 'committed' && input.type === 'message.received' ? [{ actor, id: input.id }] : [],
    ),
    out: log.flatMap(({ actor, record }) =>
      record.emitted.map(({ id, type, data }) => ({ actor, id, type, content: digestOf({ type, data }) })),
    ),
    tables: {
      events: log.flatMap(({ seq, actor, record: { n, outcome, to, input, emitted } }) =>
        [input, ...emitted].map(({ type, id }, idx) => ({ seq, idx, actor, n, outcome, type, id, state_to: to })),
      ),
      actors: [...lasts.values()],
      tasks: [...tasks.values()],
      deadLetters: dead.map(({ logSeq, actor, reason }) => ({ seq: logSeq, actor, reason })),
      stateIntervals: log.flatMap(({ seq, actor, record }) => (record.left ?? []).map(({ state }) => ({ left_seq: seq, state, actor }))),
    },
  }
}

/** The newest run that a log started or set for an actor. */
export const newestRun = (log: readonly LoggedRecord[], actor: string): string => {
  const runs = log.filter((entry) => entry.actor === `chaos/chaos/${actor}`).flatMap(({ record }) => [...record.started, ...record.timers])
  return runs.at(-1)?.run ?? ''
}
