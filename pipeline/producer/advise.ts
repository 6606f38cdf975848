import { type InputAdvice, inputAdvice, unknownKindAdvice } from '../../actors/definition/input-advice.ts'
import type { Kinds } from '../../actors/definition/kind.ts'
import { readEnvelope } from '../../schemas/envelope.ts'

/** Tells what is wrong with an input of a kind, given as parsed JSON; `undefined` if nothing is known to be. */
export type Advise = (kind: string, envelope: unknown) => Promise<InputAdvice | undefined>

export interface AdviseDeps {
  /** The kinds of this process. */
  readonly kinds: Kinds
  /** The names of all kinds that are registered: this process may lack some. */
  readonly registeredKinds: () => Promise<Iterable<string>>
}

/** Creates the advice for producers. What it says is what a host would decide, as far as the kinds of this process tell. */
export const createAdvise =
  ({ kinds, registeredKinds }: AdviseDeps): Advise =>
  async (kind, envelope) => {
    const read = readEnvelope(envelope)
    if (!read.ok) return { code: 'bad_envelope', message: read.problem }
    if (kinds.has(kind)) return inputAdvice(kinds, kind, read.input)
    const names = new Set(await registeredKinds())
    return names.has(kind) ? undefined : unknownKindAdvice(kind, names)
  }
