import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type InputAdvice, inputAdvice, unknownKindAdvice } from '../../actors/definition/input-advice.ts'
import type { Kinds } from '../../actors/definition/kind.ts'
import { readEnvelope, type WireInput } from '../../schemas/envelope.ts'
import { triggerSet } from '../../schemas/trigger-events.ts'
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
    const advice = adviceOfKind(kind, read.input)
    if (advice !== undefined) return advice
    const named = kindsNamedBy(read.input)
    if (kinds.has(kind) && named.length === 0) return undefined
    const names = new Set(await registeredKinds())
    // Before the first kinds have started, nothing is known.
    if (names.size === 0) return undefined
    for (const name of kinds.keys()) names.add(name)
    if (!names.has(kind)) return unknownKindAdvice(kind, names)
    const unknown = named.find(([, name]) => !names.has(name))
    if (unknown === undefined) return kinds.has(kind) ? undefined : 'unchecked'
    const [field, name] = unknown
    const { code, message } = unknownKindAdvice(name, names)
    return { code, message: `${field}: ${message}` }
  }
}

const watchSchema = z.object({ type: z.literal('trigger.watch'), data: z.object({ kind: z.string() }) })
const setSchema = z.object({ type: z.literal('trigger.set'), data: triggerSet.pick({ escalation: true }) })

/** The kinds that the data of an input names, each with its field: a trigger's machine cannot know which there are. */
function kindsNamedBy(input: WireInput): readonly (readonly [field: string, kind: string])[] {
  const watch = watchSchema.safeParse(input)
  if (watch.success) return [['kind', watch.data.data.kind]]
  const set = setSchema.safeParse(input)
  if (!set.success) return []
  return set.data.data.escalation.flatMap(({ actions }, step) =>
    actions.flatMap((action, index) => (action.to === 'actor' ? [[`escalation.${step}.actions.${index}.kind`, action.kind] as const] : [])),
  )
}
