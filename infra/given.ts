import type { Kind } from '../actors/definition/define-kind.ts'
import { given as givenKind } from '../actors/testkit/scenario.ts'

/** What reads a running system is loaded where it is asked for: a test without a server needs none of it. */
const recorded: typeof import('./app/recorded-actor.ts').recorded = async (...asked: Parameters<typeof import('./app/recorded-actor.ts').recorded>) =>
  (await import('./app/recorded-actor.ts')).recorded(...asked)

/** Begins a test of an actor: of one that has not met any input, or with `given.recorded` of one that lives in a running system. */
export const given = Object.assign(<K extends Kind>(...begin: Parameters<typeof givenKind<K>>) => givenKind<K>(...begin), { recorded })
