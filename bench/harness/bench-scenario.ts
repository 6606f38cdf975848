import type { Chart } from '../../infra/reporting/report/report-charts.ts'
import type { Role, SettingName } from '../../infra/settings.ts'
import type { Producer } from './bench-producer.ts'
import type { BenchSystem } from './bench-system.ts'
import type { InputKind } from './inputs.ts'
import type { Spread } from './statistics.ts'

export const PEERS = ['restate', 'bullmq'] as const
/** Systems that do the same job as Colloquy, for comparison. */
export type PeerName = (typeof PEERS)[number]

/** Options of the command line. */
export interface BenchOptions {
  /** How long the scenario publishes inputs, warm-up not included. */
  readonly seconds: number
  readonly actors: number
  /** Inputs per second, for scenarios with a fixed rate. */
  readonly rate: number
  /** Rows or records that exist before the measurement, for scenarios that read them. */
  readonly rows: number
  /** Processes that host actors. */
  readonly workers: number
  /** Roles that run during the measurement. */
  readonly roles: readonly Role[]
  /** Peers to measure in the same run; only `turns` has any. */
  readonly vs: readonly PeerName[]
  /** Minimum bytes of an input's text; 0 sends short phrases. */
  readonly payloadBytes: number
  /** The same seed sends the same inputs to the same actors in the same order. */
  readonly seed: number
}

/** The running system, the producer and the options that a scenario uses. */
export interface Bench {
  readonly system: BenchSystem
  readonly producer: Producer
  readonly options: BenchOptions
}

/** Numbers by name; the name contains the unit. */
export type Figures = Readonly<Record<string, number>>

export interface Measured {
  readonly figures: Figures
  /** Quartiles, for those figures that are medians of repeated measurements. */
  readonly spread?: Readonly<Record<string, Spread>>
  /** Charts of the figures. Default: one with bars. */
  readonly charts?: readonly TitledChart[]
  /** How the figures were measured, for a reader who has to judge them. */
  readonly notes: readonly string[]
}

export interface TitledChart extends Omit<Chart, 'format'> {
  readonly title: string
  readonly unit: string
}

export interface Scenario {
  readonly name: string
  readonly about: string
  readonly actorsDefault: number
  /** Default 10. */
  readonly secondsDefault?: number
  /** Default 500. */
  readonly rateDefault?: number
  /** Default 1,000,000. */
  readonly rowsDefault?: number
  /** Minimum number of processes that host actors. Default 1. */
  readonly workersMin?: number
  /** The inputs and their kind. Default: courtesies to `support`. */
  readonly inputs?: InputKind
  /** Settings of the system that the harness starts; an attached system keeps its own. */
  settings?(options: BenchOptions): Readonly<Partial<Record<SettingName, string>>>
  /** Publishes only through the producer: the gate checks the producer's inputs afterwards. */
  run(bench: Bench): Promise<Measured>
}

/** A scenario that needs no servers. */
export interface OfflineScenario {
  readonly name: string
  readonly about: string
  readonly actorsDefault: number
  readonly secondsDefault?: number
  measure(options: BenchOptions): Measured | Promise<Measured>
}
