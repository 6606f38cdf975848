import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { type InputAdvice, inputAdvice, unknownKindAdvice } from '../../actors/definition/input-advice.ts'
import type { Kinds } from '../../actors/definition/kind.ts'
import { readEnvelope, type WireInput } from '../../schemas/envelope.ts'
import { callWithin } from '../watchdog/call-within.ts'

/**
 * Tells what is wrong with an input of a kind, given as parsed JSON; `undefined` if nothing is known to be, `unchecked` if only other
 * processes have the kind.
 */
export type Advise = (kind: string, envelope: unknown) => Promise<InputAdvice | 'unchecked' | undefined>

export interface AdviseDeps {
  /** The kinds of this process. */
  readonly kinds: Kinds
  /** The names of all kinds that are registered: this process may lack some. */
  readonly registeredKinds: () => Promise<Iterable<string>>
  readonly log: Logger
}

/** The schemas and upcasters of a kind have this long for an input: this thread answers others meanwhile. */
const ADVICE_MS_MAX = 500
/** A kind that needed longer gives no advice for this long. */
const SUSPENDED_MS = 60_000
const SUSPENDED_KINDS_MAX = 1_000

/** Creates the advice for producers. What it says is what a host would decide, as far as the kinds of this process tell. */
export function createAdvise({ kinds, registeredKinds, log }: AdviseDeps): Advise {
  const suspended = new LRUCache<string, true>({ max: SUSPENDED_KINDS_MAX, ttl: SUSPENDED_MS })
  const adviceOfKind = (kind: string, input: WireInput): InputAdvice | undefined => {
    let advice: InputAdvice | undefined
    if (suspended.has(kind)) return undefined
    const ended = callWithin(ADVICE_MS_MAX, () => {
      advice = inputAdvice(kinds, kind, input)
    })
    if (ended) return advice
    suspended.set(kind, true)
    log.warn(
      { kind, type: input.type },
      `a schema or upcaster of kind "${kind}" needs more than ${ADVICE_MS_MAX} ms for an input; producers get no advice on it for a minute`,
    )
    return undefined
  }
  return async (kind, envelope) => {
    const read = readEnvelope(envelope)
    if (!read.ok) return { code: 'bad_envelope', message: read.problem }
    if (kinds.has(kind)) return adviceOfKind(kind, read.input)
    const names = new Set(await registeredKinds())
    // Before the first kinds have started, nothing is known.
    if (names.size === 0) return undefined
    return names.has(kind) ? 'unchecked' : unknownKindAdvice(kind, names)
  }
}
