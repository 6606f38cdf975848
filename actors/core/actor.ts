import type { AnyMachineSnapshot } from 'xstate'
import type { Case, LogRecord, State } from '../../schemas/record.ts'
import type { Address } from '../../schemas/subjects.ts'
import { type DedupState, emptyDedupState } from './deduplication.ts'
import { sharedIfEmpty } from './shared-empty.ts'

/** Everything the next decision about an actor depends on: its last record, and the machine's snapshot once it is restored. */
export interface Actor {
  readonly address: Address
  /** Number of the last record; 0 before the first. */
  readonly n: number
  readonly at: string
  readonly inbox: { readonly seq: number; readonly ts: string }
  readonly machine: string
  readonly state: State | null
  readonly status: LogRecord['status']
  readonly label: LogRecord['label']
  readonly case: Case | undefined
  /** For each active leaf state, the LOG sequence of the record that entered it; 0 stands for the last record. */
  readonly enteredAtSeq: Readonly<Record<string, number>>
  readonly dedupState: DedupState
  /** Undefined until a decision needs it. The host drops it whenever a restored snapshot could differ. */
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

/** The actor as its last record describes it. To load an actor, read its last record. */
export const actorAfter = (address: Address, record: LogRecord, snapshot?: AnyMachineSnapshot): Actor => ({
  address,
  n: record.n,
  at: record.at,
  inbox: record.inbox,
  machine: record.machine,
  state: record.state,
  status: record.status,
  label: sharedIfEmpty(record.label),
  case: record.case,
  enteredAtSeq: record.since ?? {},
  dedupState: record.seen,
  snapshot,
})
