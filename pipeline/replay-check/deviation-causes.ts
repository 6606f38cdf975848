import type { Deviation } from '../../actors/core/replay.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'

/** A record that today's kinds would decide otherwise. */
export interface Found extends Deviation {
  readonly address: Address
  readonly n: number
  /** LOG sequence. */
  readonly seq: number
}

/** All records that differ in one way. */
export interface Cause {
  readonly cause: string
  readonly actors: number
  readonly records: number
  /** The one of them that came first in LOG's order, as it was read. */
  readonly first: Found
}

/** Causes told apart; what differs in yet another way is put together under one name. */
const CAUSES_MAX = 1_000
const OTHERS = 'other causes, too many to be told apart'

export interface Causes {
  /** True where the actor is not known to differ by this cause yet. */
  add(found: Found): boolean
  /** No actor of those before comes again. */
  endPass(): void
  /** Those of most actors first. */
  all(): Cause[]
}

export function createCauses(): Causes {
  const causes = new Map<string, Cause>()
  let seen = new Set<string>()
  return {
    add(found) {
      const cause = causes.has(found.cause) || causes.size < CAUSES_MAX ? found.cause : OTHERS
      const key = `${actorKey(found.address)} ${cause}`
      const isNew = !seen.has(key)
      seen.add(key)
      const { actors = 0, records = 0, first = found } = causes.get(cause) ?? {}
      causes.set(cause, { cause, actors: actors + (isNew ? 1 : 0), records: records + 1, first: found.seq < first.seq ? found : first })
      return isNew
    },
    endPass() {
      seen = new Set()
    },
    all: () => [...causes.values()].sort((one, other) => other.actors - one.actors || one.first.seq - other.first.seq),
  }
}
