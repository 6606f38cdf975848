import type { Deviation } from '../../actors/core/replay.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'

/** A record that today's kinds would decide differently. */
export interface Found extends Deviation {
  readonly address: Address
  readonly n: number
  /** LOG sequence. */
  readonly seq: number
}

/** All deviations with the same cause. */
export interface Cause {
  readonly cause: string
  readonly actors: number
  readonly records: number
  /** The deviation with the lowest LOG sequence. */
  readonly first: Found
}

/** Max distinct causes; further ones are counted together. */
const CAUSES_MAX = 1_000
const OTHERS = 'other causes, too many to list'

/** Groups deviations by cause. */
export interface Causes {
  /** Adds a deviation. @returns true if it is the first one of its actor with this cause. */
  add(found: Found): boolean
  /** Frees memory: no earlier actor occurs again. */
  endPass(): void
  /** All causes, those with the most actors first. */
  all(): Cause[]
}

export function createCauses(): Causes {
  const causes = new Map<string, Cause>()
  let reported = new Set<string>()
  return {
    add(found) {
      const cause = causes.has(found.cause) || causes.size < CAUSES_MAX ? found.cause : OTHERS
      const key = `${actorKey(found.address)} ${cause}`
      const isNew = !reported.has(key)
      reported.add(key)
      const { actors = 0, records = 0, first = found } = causes.get(cause) ?? {}
      causes.set(cause, { cause, actors: actors + (isNew ? 1 : 0), records: records + 1, first: found.seq < first.seq ? found : first })
      return isNew
    },
    endPass() {
      reported = new Set()
    },
    all: () => [...causes.values()].sort((one, other) => other.actors - one.actors || one.first.seq - other.first.seq),
  }
}
