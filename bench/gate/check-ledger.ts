import type { SentInput } from '../harness/bench-producer.ts'

/** A record of LOG, as far as the gate looks at it. */
export interface LedgerRecord {
  readonly seq: number
  readonly actor: string
  readonly n: number
  readonly inputId: string
  /** INBOX sequence of the input. */
  readonly position: number
  readonly committed: boolean
  /** Ids of the events that it emitted, in order. */
  readonly emitted: readonly string[]
  /** Task or timer whose end the input was; `undefined` where a producer sent it. */
  readonly about: string | undefined
  /** Tasks that it started, timers that it set, and runs of both that it put an end to. */
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

/** All that a run left behind, each in its own order. */
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
  /** The first few, in words. */
  readonly faults: readonly string[]
}

type Fault = 'lost' | 'duplicated' | 'outOfOrder'
type Find = (fault: Fault, what: string) => void

const FAULTS_TOLD_MAX = 20

export const isClean = ({ lost, duplicated, outOfOrder }: Verdict): boolean => lost + duplicated + outOfOrder === 0

/**
 * Holds what a producer was promised against what is there: every acknowledged input has one committed record, of its own actor
 * and at its own position, an actor's records follow its inputs, every task that was started has one outcome, no timer fires twice,
 * every emitted event is in OUT once and in order, and the tables have the rows of every record and no others.
 */
export function checkLedger(sent: readonly SentInput[], ledger: Ledger): Verdict {
  const counts = { lost: 0, duplicated: 0, outOfOrder: 0 }
  const faults: string[] = []
  const find: Find = (fault, what) => {
    counts[fault] += 1
    if (faults.length < FAULTS_TOLD_MAX) faults.push(`${fault}: ${what}`)
  }
  checkRecords(sent, ledger.records, find)
  checkOrder(ledger.records, find)
  checkRuns(ledger.records, find)
  checkEvents(ledger.records, ledger.events, find)
  checkRows(ledger.records, ledger.rows, find)
  return { acknowledged: sent.filter(({ position }) => position !== undefined).length, ...counts, faults }
}

const inputKey = (actor: string, id: string): string => `${actor}/${id}`

/** An input that was not acknowledged may have a record or not, but never two. */
function checkRecords(sent: readonly SentInput[], records: readonly LedgerRecord[], find: Find): void {
  const missing = new Map(sent.map((input) => [inputKey(input.actor, input.id), input]))
  for (const record of records) {
    if (record.about !== undefined) continue
    const key = inputKey(record.actor, record.inputId)
    const input = missing.get(key)
    if (input === undefined) find('duplicated', `LOG ${record.seq} is about ${key}, which was not sent or has a record already`)
    else if (!record.committed) find('lost', `LOG ${record.seq} rejects ${key}`)
    else if (input.position !== undefined && input.position !== record.position) {
      find('outOfOrder', `${key} was acknowledged at ${input.position}, and LOG ${record.seq} says ${record.position}`)
    }
    missing.delete(key)
  }
  for (const [key, { position }] of missing) if (position !== undefined) find('lost', `${key}, acknowledged at ${position}, has no record`)
}

function checkOrder(records: readonly LedgerRecord[], find: Find): void {
  const lasts = new Map<string, LedgerRecord>()
  for (const record of records) {
    const last = lasts.get(record.actor)
    const { seq, actor, n, position } = record
    if (n !== (last?.n ?? 0) + 1) find('outOfOrder', `LOG ${seq} is number ${n} of ${actor}, after ${last?.n ?? 0}`)
    else if (position <= (last?.position ?? 0)) {
      find('outOfOrder', `LOG ${seq} is about position ${position} of ${actor}, after ${last?.position}`)
    }
    lasts.set(record.actor, record)
  }
}

function checkRuns(records: readonly LedgerRecord[], find: Find): void {
  const [tasks, timers] = [new Map<string, string>(), new Map<string, string>()]
  for (const { seq, actor, about, committed, started, set, stopped } of records) {
    if (about !== undefined) {
      const [owner, run] = [tasks.get(about) ?? timers.get(about), `${about} of ${actor}`]
      if (owner !== actor) find('duplicated', `LOG ${seq} is about ${run}, which is not under way or has ended already`)
      else if (!committed) find('lost', `LOG ${seq} rejects the end of ${run}`)
    }
    for (const run of [about, ...stopped]) if (run !== undefined && !tasks.delete(run)) timers.delete(run)
    for (const run of started) tasks.set(run, actor)
    for (const run of set) timers.set(run, actor)
  }
  for (const [run, actor] of tasks) find('lost', `the task ${run} of ${actor} has no outcome`)
}

function checkEvents(records: readonly LedgerRecord[], events: readonly LedgerEvent[], find: Find): void {
  /** The place of each event among those of its actor. */
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
      find('duplicated', `OUT has ${id} of ${actor} ${seen.has(id) ? 'twice' : 'that no record emitted'}`)
      continue
    }
    seen.add(id)
    if (expected.place < (lastPlaces.get(actor) ?? 0)) find('outOfOrder', `OUT has ${id} of ${actor} behind a later one`)
    lastPlaces.set(actor, expected.place)
  }
  for (const [id, { actor }] of places) if (!seen.has(id)) find('lost', `${id}, emitted by ${actor}, is not in OUT`)
}

function checkRows(records: readonly LedgerRecord[], rows: readonly LedgerRow[], find: Find): void {
  const keyOf = ({ seq, idx, actor, id }: LedgerRow): string => `${seq} ${idx} ${actor} ${id}`
  const missing = new Set<string>()
  for (const { seq, actor, inputId, emitted } of records) {
    for (const [idx, id] of [inputId, ...emitted].entries()) missing.add(keyOf({ seq, idx, actor, id }))
  }
  let last: LedgerRow | undefined
  for (const row of rows) {
    const key = keyOf(row)
    if (!missing.delete(key)) find('duplicated', `events has the row (${key}), which no record makes, or has it twice`)
    if (last !== undefined && (row.seq < last.seq || (row.seq === last.seq && row.idx < last.idx))) {
      find('outOfOrder', `events has the row (${key}) behind (${keyOf(last)})`)
    }
    last = row
  }
  for (const key of missing) find('lost', `events lacks the row (${key})`)
}
