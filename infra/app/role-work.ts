import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { Kinds } from '../../actors/definition/define-kind.ts'
import type { Caches } from '../../pipeline/cache/caches.ts'
import type { HandOver } from '../../pipeline/host/hand-over.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import type { Metrics } from '../../pipeline/runtime/metrics.ts'
import type { CallSlot } from '../../pipeline/watchdog/call-slot.ts'
import type { Settings } from '../settings.ts'
import type { SearchIndex } from './search-index.ts'
import type { OwnWork, SharedWork } from './shared-work.ts'

export interface StageDeps {
  readonly settings: Settings
  readonly kinds: Kinds
  readonly replicas: number
  readonly jetstream: JetStreamContext
  readonly kv: KV
  /** Absent if no role of this process uses tables. */
  readonly client: ClickHouseClient | undefined
  /** Absent if this process neither writes nor searches the index. */
  readonly searchIndex: SearchIndex | undefined
  /** Absent: nothing is cached. */
  readonly caches: Caches | undefined
  /** Shows what this thread decides to the watchdog outside it. */
  readonly calls: CallSlot
  readonly metrics: Metrics
  readonly log: Logger
  /** The identity of this member of the cluster. Default: a new one. */
  readonly member?: MemberIdentity
}

export interface MemberIdentity {
  readonly id: string
  /** A member that has ended without a farewell, which this one replaces: its leases need not run out. */
  readonly formerId: string | undefined
}

/** What the work of a role is made of. */
export interface StageContext extends StageDeps {
  /** Identifies the database. Workers with the same database share the work on its tables; others fill tables of their own. */
  readonly tablesId: string
  /** From the host to the dispatcher of this thread; absent unless it has both. */
  readonly handOver: HandOver | undefined
  readonly inFlight: { readonly bytesMax: number; readonly log: Logger; readonly metrics: Metrics; readonly jetstream: JetStreamContext }
}

/** The work of a role in this process. */
export interface RoleWork {
  /** The stage of the role. */
  readonly stage: SharedWork | OwnWork
  /** Background jobs of the role; one member of the cluster runs each. */
  readonly background?: readonly SharedWork[]
}
