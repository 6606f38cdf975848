import type { ClickHouseClient } from '@clickhouse/client'
import type { NatsConnection } from '@nats-io/transport-node'
import type { ClickHouse } from '../../../infra/servers/clickhouse/clickhouse-server.ts'
import type { NatsServers } from '../../harness/nats-servers.ts'
import type { Workers } from '../../harness/worker-processes.ts'
import type { ChaosProducer } from '../chaos-producer.ts'
import type { ChaosWatch } from '../chaos-watch.ts'
import type { NetworkLink } from '../network-link.ts'

export interface Victims {
  readonly workers: Workers
  readonly nats: NatsServers
  readonly clickhouse: ClickHouse
  /** The workers' connection to ClickHouse. */
  readonly link: NetworkLink
  /** Index of the server that leads a stream; -1 if there is no leader or no answer. */
  readonly leaderOf: (stream: string) => Promise<number>
  readonly watch: ChaosWatch
  readonly producers: readonly ChaosProducer[]
  /** A connection of the internal user. */
  readonly nc: NatsConnection
  /** A connection to the tables, not through `link`. */
  readonly tables: ClickHouseClient
  readonly partitionCount: number
  readonly leaseMs: number
  readonly workersMin: number
  readonly workersMax: number
  /** Whether the run is long enough for an outage of minutes. */
  readonly isLong: boolean
}

/** Observations during the fault injection; all times in ms. */
export interface Observations {
  /** Number of injected faults by name. */
  readonly injected: Record<string, number>
  /** Times from the kill or pause of a worker until other workers own all its partitions, and until the first record in one of them. */
  readonly takeOverMs: number[]
  readonly firstRecordMs: number[]
  /** The same times for workers that stop in order. */
  readonly handOverMs: number[]
  /** Times from the end of an outage until all stages have caught up. */
  readonly catchUpMs: Record<'nats' | 'clickhouse', number[]>
  /** Descriptions of events that must not happen, even if they break no guarantee. */
  readonly problems: string[]
}

export const noObservations = (): Observations => ({
  injected: {},
  takeOverMs: [],
  firstRecordMs: [],
  handOverMs: [],
  catchUpMs: { nats: [], clickhouse: [] },
  problems: [],
})

/** @returns false if there was no target, for example only one healthy worker; such a fault is not counted */
export type Fault = (victims: Victims, observed: Observations, random: () => number) => Promise<boolean>

/** `cluster`: only with three nats-servers. `time`: takes minutes, so that it occurs once, in long runs only. */
export type NamedFault = readonly [name: string, fault: Fault, needs?: 'cluster' | 'time']

export const between = (random: () => number, from: number, to: number): number => from + random() * (to - from)
