import type { SettingName } from '../infra/settings.ts'
import type { Producer } from './producer.ts'
import type { BenchSystem } from './system.ts'

/** What the command line asks for. */
export interface BenchOptions {
  /** How long inputs are published for the figures, warming up not included. */
  readonly seconds: number
  readonly actors: number
  /** Inputs per second, where the scenario keeps to a rate. */
  readonly rate: number
  /** Event rows that are there before anything is measured, where the scenario asks the tables. */
  readonly rows: number
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
  /** How it was measured: what a reader must know to judge the figures. */
  readonly notes: readonly string[]
}

export interface Scenario {
  readonly name: string
  readonly about: string
  readonly actorsDefault: number
  /** Default 500. */
  readonly rateDefault?: number
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
  measure(options: BenchOptions): Measured
}
