/** `colloquy/test`: tests of kinds without a server. */
import type { Kind } from '../actors/definition/define-kind.ts'
import { given as givenKind } from '../actors/testkit/scenario.ts'

export type { Duration } from '../actors/testkit/durations.ts'
export { explore, type Explored, type ExploreOptions } from '../actors/testkit/explore/explore.ts'
export { type FanOutRecorder, fansOutTo, type SentToOne, type TestRecipient } from '../actors/testkit/fan-out-stub.ts'
export { firstAttempt } from '../actors/testkit/first-attempt.ts'
export { callsTools, generates, type ModelStub, type StubbedGeneration } from '../actors/testkit/generation-stub.ts'
export { type LiveRecorder, recordsLive, type ToldLive } from '../actors/testkit/live-recorder.ts'
export { objectsInMemory } from '../actors/testkit/object-stub.ts'
export { builtInPrompts } from '../actors/testkit/prompt-stub.ts'
export { placedAt } from '../actors/testkit/queue-stub.ts'
export { recommendsFromCatalogue } from '../actors/testkit/recommending-stub.ts'
export type { RecordDeviation, Recording } from '../actors/testkit/recorded.ts'
export type { Attributes, Scenario, Some } from '../actors/testkit/scenario.ts'
export { fails, inTurn, never, type Stub, takes } from '../actors/testkit/task-stubs.ts'
export type { RecordedOptions } from './app/recorded-actor.ts'

/** Loads the clients of the servers on first use, because a test without a server needs none. */
const recorded: typeof import('./app/recorded-actor.ts').recorded = async (
  ...asked: Parameters<typeof import('./app/recorded-actor.ts').recorded>
) => (await import('./app/recorded-actor.ts')).recorded(...asked)

/** Starts a test of a new actor; `given.recorded` starts one of an actor that a running system has recorded. */
export const given = Object.assign(<K extends Kind>(...setup: Parameters<typeof givenKind<K>>) => givenKind<K>(...setup), { recorded })
