/** `colloquy/test`: tests of kinds without a server. */
export { explore, type Explored, type ExploreOptions } from '../actors/testkit/explore/explore.ts'
export type { Recording, RecordDeviation } from '../actors/testkit/recorded.ts'
export type { Attributes, Scenario, Some } from '../actors/testkit/scenario.ts'
export { fails, inTurn, never, takes, type Stub } from '../actors/testkit/task-stubs.ts'
export type { Duration } from '../actors/testkit/durations.ts'
export { given } from './given.ts'
export type { RecordedOptions } from './app/recorded-actor.ts'
