/** `colloquy/test`: tests of kinds without a server. */
export { explore, type Explored, type ExploreOptions } from '../actors/testing/explore/explore.ts'
export type { Recording, RecordDeviation } from '../actors/testing/recording.ts'
export type { Attributes, Scenario, Some } from '../actors/testing/scenario.ts'
export { fails, inTurn, never, takes, type Stub } from '../actors/testing/stubs.ts'
export type { Duration } from '../actors/testing/durations.ts'
export { given } from './given.ts'
export type { RecordedOptions } from './recorded.ts'
