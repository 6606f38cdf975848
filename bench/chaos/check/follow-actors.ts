import type { LogRecord } from '../../../schemas/record.ts'
import { type Expected, follow, initialActor, type ModelActor, mustReject } from './actor-model.ts'
import { digestOf, type LoggedRecord } from './chaos-history.ts'
import type { ReportFinding } from './findings.ts'
import type { Inputs } from './read-inputs.ts'

/** The state of an actor after its records so far. */
export interface Followed {
  n: number
  seq: number
  /** INBOX sequence of its last input. */
  position: number
  readonly partition: number
  state: string
  status: string
  /** `undefined` until the first committed input. */
  model: ModelActor | undefined
}

/** Checks the record numbers, the order and the state of every actor, and `low` of every partition. */
export interface Actors {
  readonly all: ReadonlyMap<string, Followed>
  /** Checks the next record. @param rejected the reason with which every actor must reject the input */
  take(entry: LoggedRecord, rejected: ReturnType<Inputs['take']>): void
}

export function followActors(report: ReportFinding): Actors {
  const all = new Map<string, Followed>()
  /** The highest `low` of the records so far, by partition. */
  const lows = new Map<number, number>()

  const checkPlace = ({ seq, partition, actor, record }: LoggedRecord, before: Followed | undefined): void => {
    const low = lows.get(partition) ?? 0
    if (record.inbox.seq <= low) {
      report('low_ahead', `LOG ${seq} records position ${record.inbox.seq}; an earlier record of partition ${partition} has low ${low}`)
    }
    lows.set(partition, Math.max(low, record.low))
    if (record.low >= record.inbox.seq) report('low_ahead', `LOG ${seq} has low ${record.low}, but records position ${record.inbox.seq}`)
    const n = (before?.n ?? 0) + 1
    if (record.n !== n) report('out_of_order', `LOG ${seq} is record ${record.n} of ${actor}; expected ${n}`)
    if (before === undefined) return
    if (before.partition !== partition) {
      report('out_of_order', `LOG ${seq} has ${actor} in partition ${partition}; its earlier records are in ${before.partition}`)
    }
    const position = record.inbox.seq
    if (position === before.position) report('twice', `LOG ${seq} records position ${position} of ${actor} again`)
    if (position < before.position) report('out_of_order', `LOG ${seq} records position ${position} of ${actor} after ${before.position}`)
  }

  return {
    all,
    take(entry, rejected) {
      const { seq, partition, actor, record } = entry
      const before = all.get(actor)
      checkPlace(entry, before)
      const isInternal = record.input.source === 'colloquy'
      const isModelled = actor.split('/')[1] === 'chaos'
      const reason = rejected ?? (isInternal || !isModelled ? undefined : mustReject(before?.model, record.input.type))
      if (record.reason !== reason) {
        const input = `${record.input.type || 'an input'} ${record.input.id}`
        report('wrong_outcome', `LOG ${seq}, ${input}: ${record.reason ?? 'committed'}; expected ${reason ?? 'committed'}`)
      }
      const model = isModelled && record.outcome === 'committed' ? checkFold(entry, before?.model, report) : before?.model
      all.set(actor, { n: record.n, seq, position: record.inbox.seq, partition, state: record.to, status: record.status, model })
    },
  }
}

/** Compares a record with the model. @returns the state of the model after the input */
function checkFold({ seq, actor, record }: LoggedRecord, before: ModelActor | undefined, report: ReportFinding): ModelActor {
  const expected = follow(before ?? initialActor, record.input, record.started[0]?.run ?? record.timers[0]?.run)
  const { after } = expected
  const run = runEndedBy(record)
  if (run !== undefined && run !== before?.run) {
    const kind = record.input.type === 'timer.fired' ? 'timer' : 'task'
    report(kind, `LOG ${seq}, ${record.input.type}: ${actor} accepted ${run}, but ${before?.run ?? 'nothing'} was pending`)
  }
  const differing = Object.entries(expectations(record, before, expected)).find(([, [is, should]]) => !isSame(is, should))
  if (differing !== undefined) {
    const [field, [is, should]] = differing
    const values = `${field} is ${JSON.stringify(is)}; expected ${JSON.stringify(should)}`
    report('wrong_fold', `LOG ${seq}, ${record.input.type} of ${actor}: ${values}`)
  }
  return after
}

/** The run of the task or timer whose end the input reports; `undefined` for other inputs. */
export function runEndedBy({ input }: LogRecord): string | undefined {
  const run = input.source === 'colloquy' ? input.data?.['run'] : undefined
  return typeof run === 'string' ? run : undefined
}

/** Compares the text first: it is usually equal, and comparing digests is slower. */
const isSame = (is: unknown, should: unknown): boolean => JSON.stringify(is) === JSON.stringify(should) || digestOf(is) === digestOf(should)

type Compared = Readonly<Record<string, readonly [is: unknown, should: unknown]>>

const expectations = (record: LogRecord, before: ModelActor | undefined, expected: Expected): Compared => ({
  from: [record.from, before?.state ?? ''],
  to: [record.to, expected.after.state],
  status: [record.status, expected.after.state === 'ended' ? 'done' : 'active'],
  context: [record.state?.context, expected.after.context],
  emitted: [record.emitted.map(({ type, data }) => ({ type, data })), expected.emitted],
  sent: [(record.sent ?? []).map(({ actor, data }) => ({ actor, by: data['by'] })), expected.sent],
  started: [record.started.map(({ task, input }) => ({ task, input })), expected.started],
  timers: [record.timers.map(({ at }) => Date.parse(at) - Date.parse(record.at)), expected.timerMs === undefined ? [] : [expected.timerMs]],
  stopped: [[...record.stopped].sort(), [...expected.stopped].sort()],
  ended: [record.ended.map(({ run, status }) => ({ run, status })), expected.ended],
  pending: [
    [...Object.keys(record.state?.tasks ?? {}), ...Object.keys(record.state?.timers ?? {})],
    expected.after.run === undefined ? [] : [expected.after.run],
  ],
})
