import type { LogRecord } from '../../../schemas/record.ts'
import type { Find } from './findings.ts'
import { digestOf, type LoggedRecord } from './chaos-history.ts'
import type { Inputs } from './read-inputs.ts'
import { follow, mustReject, unborn, type Expected, type ModelActor } from './actor-model.ts'

/** An actor as its records so far leave it. */
export interface Followed {
  n: number
  seq: number
  /** INBOX sequence of its last input. */
  position: number
  readonly partition: number
  state: string
  status: string
  /** `undefined` until an input was committed. */
  model: ModelActor | undefined
}

/** Follows every actor through the log: numbers, order, `low`, and what the model says. */
export interface Actors {
  readonly all: ReadonlyMap<string, Followed>
  /** Takes the next record. @param rejected why the input had to be rejected whatever the actor */
  take(entry: LoggedRecord, rejected: ReturnType<Inputs['take']>): void
}

export function followActors(find: Find): Actors {
  const all = new Map<string, Followed>()
  /** The highest `low` that records of each partition have told. */
  const lows = new Map<number, number>()

  const checkPlace = ({ seq, partition, actor, record }: LoggedRecord, before: Followed | undefined): void => {
    const low = lows.get(partition) ?? 0
    if (record.inbox.seq <= low) find('low_ahead', `LOG ${seq} resolves position ${record.inbox.seq}; a record of partition ${partition} before it said that all up to ${low} were`)
    lows.set(partition, Math.max(low, record.low))
    if (record.low >= record.inbox.seq) find('low_ahead', `LOG ${seq} says that all up to ${record.low} is resolved, and is itself about ${record.inbox.seq}`)
    const n = (before?.n ?? 0) + 1
    if (record.n !== n) find('out_of_order', `LOG ${seq} is number ${record.n} of ${actor}; it had to be ${n}`)
    if (before === undefined) return
    if (before.partition !== partition) find('out_of_order', `LOG ${seq} has ${actor} in partition ${partition}, and before it in ${before.partition}`)
    if (record.inbox.seq === before.position) find('twice', `LOG ${seq} handles position ${record.inbox.seq} of ${actor} again`)
    if (record.inbox.seq < before.position) find('out_of_order', `LOG ${seq} handles position ${record.inbox.seq} of ${actor} after ${before.position}`)
  }

  return {
    all,
    take(entry, rejected) {
      const { seq, partition, actor, record } = entry
      const before = all.get(actor)
      checkPlace(entry, before)
      const isInternal = record.input.source === 'colloquy'
      const reason = rejected ?? (isInternal ? undefined : mustReject(before?.model, record.input.type))
      if (record.reason !== reason) find('wrong_outcome', `LOG ${seq}, ${record.input.type || 'an input'} ${record.input.id}: ${record.reason ?? 'committed'}, where ${reason ?? 'committed'} is right`)
      const model = record.outcome === 'committed' ? checkFold(entry, before?.model, find) : before?.model
      all.set(actor, { n: record.n, seq, position: record.inbox.seq, partition, state: record.to, status: record.status, model })
    },
  }
}

function checkFold({ seq, actor, record }: LoggedRecord, before: ModelActor | undefined, find: Find): ModelActor {
  const expected = follow(before ?? unborn, record.input, record.started[0]?.run ?? record.timers[0]?.run)
  const { after } = expected
  const run = isAbout(record)
  if (run !== undefined && run !== before?.run) {
    find(record.input.type === 'timer.fired' ? 'timer' : 'task', `LOG ${seq}, ${record.input.type}: ${actor} took ${run}, and ${before?.run ?? 'nothing'} was pending`)
  }
  const differing = Object.entries(expectations(record, before, expected)).find(([, [is, should]]) => !isSame(is, should))
  if (differing !== undefined) {
    const [what, [is, should]] = differing
    find('wrong_fold', `LOG ${seq}, ${record.input.type} of ${actor}: ${what} is ${JSON.stringify(is)}, and the model says ${JSON.stringify(should)}`)
  }
  return after
}

/** The run that an input from inside is about. */
export function isAbout({ input }: LogRecord): string | undefined {
  const run = input.source === 'colloquy' ? input.data?.['run'] : undefined
  return typeof run === 'string' ? run : undefined
}

/** Most are written alike to the letter, which is quicker to see. */
const isSame = (is: unknown, should: unknown): boolean => JSON.stringify(is) === JSON.stringify(should) || digestOf(is) === digestOf(should)

type Compared = Readonly<Record<string, readonly [is: unknown, should: unknown]>>

const expectations = (record: LogRecord, before: ModelActor | undefined, expected: Expected): Compared => ({
  from: [record.from, before?.state ?? ''],
  to: [record.to, expected.after.state],
  status: [record.status, expected.after.state === 'over' ? 'done' : 'active'],
  context: [record.state?.context, expected.after.context],
  emitted: [record.emitted.map(({ type, data }) => ({ type, data })), expected.emitted],
  sent: [(record.sent ?? []).map(({ actor, data }) => ({ actor, by: data['by'] })), expected.sent],
  started: [record.started.map(({ task, input }) => ({ task, input })), expected.started],
  timers: [record.timers.map(({ at }) => Date.parse(at) - Date.parse(record.at)), expected.timerMs === undefined ? [] : [expected.timerMs]],
  stopped: [[...record.stopped].sort(), [...expected.stopped].sort()],
  ended: [record.ended.map(({ run, status }) => ({ run, status })), expected.ended],
  pending: [[...Object.keys(record.state?.tasks ?? {}), ...Object.keys(record.state?.timers ?? {})], expected.after.run === undefined ? [] : [expected.after.run]],
})
