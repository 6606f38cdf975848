import type { Role, SettingName } from '../../infra/settings.ts'
import type { Chart } from '../../infra/reporting/report/report-charts.ts'
import type { InputKind } from './inputs.ts'
import type { Producer } from './bench-producer.ts'
import type { Spread } from './statistics.ts'
import type { BenchSystem } from './bench-system.ts'

export const PEERS = ['restate', 'bullmq'] as const
/** Systems that do the same job, for comparison. */
export type PeerName = (typeof PEERS)[number]

/** What the command line asks for. */
export interface BenchOptions {
  /** How long inputs are published for the figures, warming up not included. */
  readonly seconds: number
  readonly actors: number
  /** Inputs per second, where the scenario keeps to a rate. */
  readonly rate: number
  /** Rows or records that are there before anything is measured, where the scenario reads what is there. */
  readonly rows: number
  /** Processes that host actors. */
  readonly workers: number
  /** What runs while it is measured. */
  readonly roles: readonly Role[]
  /** Peers that do the same job in the same run, where the scenario knows any. */
  readonly vs: readonly PeerName[]
  /** Least bytes of an input's text; 0: as short as people write. */
  readonly payloadBytes: number
  /** The same seed sends the same inputs to the same actors in the same order. */
  readonly seed: number
}

/** What a scenario works with. */
export interface Bench {
  readonly system: BenchSystem
  readonly producer: Producer
  readonly options: BenchOptions
}

/** Numbers by name; the unit is in the name. */
export type Figures = Readonly<Record<string, number>>

export interface Measured {
  readonly figures: Figures
  /** Of the figures that are medians of repeats: what the repeats came to. */
  readonly spread?: Readonly<Record<string, Spread>>
  /** Default: the figures in `bars`. */
  readonly charts?: readonly TitledChart[]
  /** How it was measured: what a reader must know to judge the figures. */
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
  /** Least number of processes that host actors. Default 1. */
  readonly workersMin?: number
  /** What is sent, and to which kind. Default: something polite to `support`. */
  readonly inputs?: InputKind
  /** For the system that is started for it; one that runs already is taken as it is. */
  settings?(options: BenchOptions): Readonly<Partial<Record<SettingName, string>>>
  /** Publishes by the producer alone: what it has sent is what the gate checks afterwards. */
  run(bench: Bench): Promise<Measured>
}

/** A scenario that needs no servers. */
export interface OfflineScenario {
  readonly name: string
  readonly about: string
  readonly actorsDefault: number
  readonly secondsDefault?: number
  measure(options: BenchOptions): Measured
}
