import type { SentInput } from '../harness/bench-producer.ts'

/** The fields of a record of LOG that the gate checks. */
export interface LedgerRecord {
  readonly seq: number
  readonly actor: string
  readonly n: number
  readonly inputId: string
  /** INBOX sequence of the input. */
  readonly position: number
  readonly committed: boolean
  /** Ids of the events that the actor emitted with this record, in order. */
  readonly emitted: readonly string[]
  /** The task or timer that the input ends; `undefined` if a producer sent the input. */
  readonly about: string | undefined
  /** Runs of this record: tasks that it started, timers that it set, and tasks or timers that it stopped. */
  readonly started: readonly string[]
  readonly set: readonly string[]
  readonly stopped: readonly string[]
}

/** A message of OUT. */
export interface LedgerEvent {
  readonly actor: string
  readonly id: string
}

/** A row of `events`. */
export interface LedgerRow {
  readonly seq: number
  readonly idx: number
  readonly actor: string
  readonly id: string
}

/** The contents of LOG, OUT and `events` after a run, each in its own order. */
export interface Ledger {
  readonly records: readonly LedgerRecord[]
  readonly events: readonly LedgerEvent[]
  readonly rows: readonly LedgerRow[]
}

export interface Verdict {
  readonly acknowledged: number
  readonly lost: number
  readonly duplicated: number
  readonly outOfOrder: number
  /** Descriptions of the first faults, at most `FAULTS_REPORTED_MAX`. */
  readonly faults: readonly string[]
}

type Fault = 'lost' | 'duplicated' | 'outOfOrder'
type ReportFault = (fault: Fault, what: string) => void

const FAULTS_REPORTED_MAX = 20

export const isClean = ({ lost, duplicated, outOfOrder }: Verdict): boolean => lost + duplicated + outOfOrder === 0

/**
 * Checks that every acknowledged input has exactly one committed record, at its actor and its INBOX position; that the records of an actor
 * are in the order of its inputs; that every started task has one outcome and no timer fires twice; that every emitted event is in OUT
 * once and in order; and that the tables have the rows of every record and no others.
 */
export function checkLedger(sent: readonly SentInput[], ledger: Ledger): Verdict {
  const counts = { lost: 0, duplicated: 0, outOfOrder: 0 }
  const faults: string[] = []
  const report: ReportFault = (fault, what) => {
    counts[fault] += 1
    if (faults.length < FAULTS_REPORTED_MAX) faults.push(`${fault}: ${what}`)
  }
  checkRecords(sent, ledger.records, report)
  checkOrder(ledger.records, report)
  checkRuns(ledger.records, report)
  checkEvents(ledger.records, ledger.events, report)
  checkRows(ledger.records, ledger.rows, report)
  return { acknowledged: sent.filter(({ position }) => position !== undefined).length, ...counts, faults }
}

const inputKey = (actor: string, id: string): string => `${actor}/${id}`

/** An unacknowledged input may have one record or none. */
function checkRecords(sent: readonly SentInput[], records: readonly LedgerRecord[], report: ReportFault): void {
  const missing = new Map(sent.map((input) => [inputKey(input.actor, input.id), input]))
  for (const record of records) {
    if (record.about !== undefined) continue
    const key = inputKey(record.actor, record.inputId)
    const input = missing.get(key)
    if (input === undefined) report('duplicated', `LOG ${record.seq} records ${key}, which was not sent or already has a record`)
    else if (!record.committed) report('lost', `LOG ${record.seq} rejects ${key}`)
    else if (input.position !== undefined && input.position !== record.position) {
      report('outOfOrder', `${key} was acknowledged at ${input.position}, but LOG ${record.seq} has position ${record.position}`)
    }
    missing.delete(key)
  }
  for (const [key, { position }] of missing) {
    if (position !== undefined) report('lost', `${key}, acknowledged at ${position}, has no record`)
  }
}

function checkOrder(records: readonly LedgerRecord[], report: ReportFault): void {
  const lasts = new Map<string, LedgerRecord>()
  for (const record of records) {
    const last = lasts.get(record.actor)
    const { seq, actor, n, position } = record
    if (n !== (last?.n ?? 0) + 1) report('outOfOrder', `LOG ${seq} is record ${n} of ${actor}, after record ${last?.n ?? 0}`)
    else if (position <= (last?.position ?? 0)) {
      report('outOfOrder', `LOG ${seq} has position ${position} of ${actor}, after position ${last?.position}`)
    }
    lasts.set(record.actor, record)
  }
}

function checkRuns(records: readonly LedgerRecord[], report: ReportFault): void {
  const [tasks, timers] = [new Map<string, string>(), new Map<string, string>()]
  for (const { seq, actor, about, committed, started, set, stopped } of records) {
    if (about !== undefined) {
      const [owner, run] = [tasks.get(about) ?? timers.get(about), `${about} of ${actor}`]
      if (owner !== actor) report('duplicated', `LOG ${seq} ends ${run}, which was not started or has already ended`)
      else if (!committed) report('lost', `LOG ${seq} rejects the end of ${run}`)
    }
    for (const run of [about, ...stopped]) if (run !== undefined && !tasks.delete(run)) timers.delete(run)
    for (const run of started) tasks.set(run, actor)
    for (const run of set) timers.set(run, actor)
  }
  for (const [run, actor] of tasks) report('lost', `the task ${run} of ${actor} has no outcome`)
}

function checkEvents(records: readonly LedgerRecord[], events: readonly LedgerEvent[], report: ReportFault): void {
  /** The number of each event among those of its actor, by event id. */
  const places = new Map<string, { readonly actor: string; readonly place: number }>()
  const emittedBy = new Map<string, number>()
  for (const { actor, emitted } of records) {
    for (const id of emitted) {
      const place = emittedBy.get(actor) ?? 0
      emittedBy.set(actor, place + 1)
      places.set(id, { actor, place })
    }
  }
  const seen = new Set<string>()
  const lastPlaces = new Map<string, number>()
  for (const { actor, id } of events) {
    const expected = places.get(id)
    if (seen.has(id) || expected?.actor !== actor) {
      report('duplicated', `OUT has ${id} of ${actor} ${seen.has(id) ? 'twice' : 'that no record emitted'}`)
      continue
    }
    seen.add(id)
    if (expected.place < (lastPlaces.get(actor) ?? 0)) report('outOfOrder', `OUT has ${id} of ${actor} after a later event`)
    lastPlaces.set(actor, expected.place)
  }
  for (const [id, { actor }] of places) if (!seen.has(id)) report('lost', `${id}, emitted by ${actor}, is not in OUT`)
}

function checkRows(records: readonly LedgerRecord[], rows: readonly LedgerRow[], report: ReportFault): void {
  const keyOf = ({ seq, idx, actor, id }: LedgerRow): string => `${seq} ${idx} ${actor} ${id}`
  const missing = new Set<string>()
  for (const { seq, actor, inputId, emitted } of records) {
    for (const [idx, id] of [inputId, ...emitted].entries()) missing.add(keyOf({ seq, idx, actor, id }))
  }
  let last: LedgerRow | undefined
  for (const row of rows) {
    const key = keyOf(row)
    if (!missing.delete(key)) report('duplicated', `events has the row (${key}) without a record, or twice`)
    if (last !== undefined && (row.seq < last.seq || (row.seq === last.seq && row.idx < last.idx))) {
      report('outOfOrder', `events has the row (${key}) after (${keyOf(last)})`)
    }
    last = row
  }
  for (const key of missing) report('lost', `events lacks the row (${key})`)
}
