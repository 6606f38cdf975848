import type { AnyMachineSnapshot } from 'xstate'
import type { Case, LogRecord, State } from '../../schemas/record.ts'
import type { Address } from '../../schemas/subjects.ts'
import { emptyDedupState, type DedupState } from './deduplication.ts'

/** All that the next decision about an actor depends on: its last record, and the machine's snapshot once it is restored. */
export interface Actor {
  readonly address: Address
  /** Of the last record; 0 before the first. */
  readonly n: number
  readonly at: string
  readonly inbox: { readonly seq: number; readonly ts: string }
  readonly machine: string
  readonly state: State | null
  readonly status: LogRecord['status']
  readonly label: LogRecord['label']
  readonly case: Case | undefined
  /** By active leaf the LOG sequence of the record that entered it; 0 stands for the last one. */
  readonly enteredAtSeq: Readonly<Record<string, number>>
  readonly dedupState: DedupState
  /** Absent until a decision needs it; dropped whenever a restored one could differ. */
  readonly snapshot: AnyMachineSnapshot | undefined
}

/** An actor that has no record yet. */
export const newActor = (address: Address): Actor => ({
  address,
  n: 0,
  at: '',
  inbox: { seq: 0, ts: '' },
  machine: '',
  state: null,
  status: 'none',
  label: {},
  case: undefined,
  enteredAtSeq: {},
  dedupState: emptyDedupState,
  snapshot: undefined,
})

/** The actor as its last record leaves it: loading is reading one message. */
export const actorAfter = (address: Address, record: LogRecord, snapshot?: AnyMachineSnapshot): Actor => ({
  address,
  n: record.n,
  at: record.at,
  inbox: record.inbox,
  machine: record.machine,
  state: record.state,
  status: record.status,
  label: record.label,
  case: record.case,
  enteredAtSeq: record.since ?? {},
  dedupState: record.seen,
  snapshot,
})
