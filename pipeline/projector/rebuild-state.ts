import type { KV } from '@nats-io/kv'
import { z } from 'zod'
import { TABLE_NAMES } from '../../schemas/tables.ts'
import { type TypedKey, typedKey } from '../jetstream/typed-kv.ts'

/**
 * The state of a rebuild in the cluster's bucket, shared by the process that rebuilds and the projector. Changes are compare-and-set on the
 * revision, so that only one of two concurrent changes succeeds.
 */
export const rebuildStateSchema = z.object({
  id: z.string(),
  /**
   * `filling`: the rebuild writes rows and sends heartbeats. `ready`: it has written all rows up to `builtTo`; the projector may swap the
   * tables in. `taking`: the projector swaps them in; no other process may touch the rows. `done`: the views show the rows. `cancelled`:
   * the views will never show the rows.
   */
  phase: z.enum(['filling', 'ready', 'taking', 'done', 'cancelled']),
  generation: z.int().positive(),
  tables: z.array(z.enum(TABLE_NAMES)),
  /** LOG sequence up to which all rows are written. */
  builtTo: z.int().nonnegative(),
  /** Why it was cancelled. */
  why: z.string().optional(),
  /** Changes with each heartbeat. */
  beat: z.int().nonnegative(),
})
export type RebuildState = z.infer<typeof rebuildStateSchema>

/** A state with its revision in the bucket. */
export interface Stored {
  readonly state: RebuildState
  readonly revision: number
}

/** Interval of the heartbeats of a rebuild, and the time without one after which its process counts as dead. */
export const HEARTBEAT_MS = 1_000
export const HEARTBEAT_TIMEOUT_MS = 6_000

const KEY = 'rebuild'

/** A state that this version cannot parse reads as `null`. */
const stateIn = (kv: KV): TypedKey<RebuildState | null> => typedKey(kv, KEY, rebuildStateSchema.nullable().catch(null))

/** Reads the state of the last rebuild; `undefined` if there is none. */
export async function loadState(kv: KV): Promise<Stored | undefined> {
  const stored = await stateIn(kv).get()
  return stored === undefined || stored.value === null ? undefined : { state: stored.value, revision: stored.revision }
}

/**
 * Replaces the state at `revision`, or creates it if `revision` is undefined. Returns the new revision, or `undefined` if another process
 * has changed the state.
 */
export const saveState = (kv: KV, state: RebuildState, revision: number | undefined): Promise<number | undefined> =>
  stateIn(kv).compareAndSet(state, revision)

/** Whether a rebuild has neither completed nor been cancelled. */
export const isUnderWay = ({ state: { phase } }: Stored): boolean => phase !== 'done' && phase !== 'cancelled'
