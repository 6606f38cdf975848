import type { KV } from '@nats-io/kv'
import { z } from 'zod'
import { TABLE_NAMES } from '../../schemas/tables.ts'
import { typedKey, type TypedKey } from '../jetstream/typed-kv.ts'

/**
 * A rebuild as builder and projector see it, in the bucket of the cluster. Each change names the revision that it is based on, so
 * that of two who want to change it one finds out.
 */
export const rebuildStateSchema = z.object({
  id: z.string(),
  /**
   * `filling`: the builder writes rows, and writes the state again while it lives. `ready`: all up to `builtTo` are in, the
   * projector may begin. `taking`: it has begun, and nobody else may touch the rows. `done`: they count. `cancelled`: they never will.
   */
  phase: z.enum(['filling', 'ready', 'taking', 'done', 'cancelled']),
  generation: z.int().positive(),
  tables: z.array(z.enum(TABLE_NAMES)),
  /** Rows of all records up to this LOG sequence are in. */
  builtTo: z.int().nonnegative(),
  /** Why it was cancelled. */
  why: z.string().optional(),
  /** Differs from one sign of life to the next. */
  beat: z.int().nonnegative(),
})
export type RebuildState = z.infer<typeof rebuildStateSchema>

export interface Stored {
  readonly state: RebuildState
  readonly revision: number
}

/** How often a builder shows that it lives, and after how long a silent one is taken to be dead. */
export const HEARTBEAT_MS = 1_000
export const HEARTBEAT_TIMEOUT_MS = 6_000

const KEY = 'rebuild'

/** A state that this code cannot read counts as none. */
const stateIn = (kv: KV): TypedKey<RebuildState | null> => typedKey(kv, KEY, rebuildStateSchema.nullable().catch(null))

export async function loadState(kv: KV): Promise<Stored | undefined> {
  const stored = await stateIn(kv).get()
  return stored === undefined || stored.value === null ? undefined : { state: stored.value, revision: stored.revision }
}

/** Puts a state in place of the one at `revision`, or of none; `undefined` where somebody else changed it meanwhile. */
export const saveState = (kv: KV, state: RebuildState, revision: number | undefined): Promise<number | undefined> => stateIn(kv).compareAndSet(state, revision)

export const isUnderWay = ({ state: { phase } }: Stored): boolean => phase !== 'done' && phase !== 'cancelled'
