import { setTimeout as delay } from 'node:timers/promises'
import { ColloquyError } from '../../schemas/errors.ts'
import type { Pauses } from '../runtime/retry.ts'

/** An index in memory that is made of LOG and follows it. */
export interface LogIndex<Index> {
  /** The index; `undefined` until it has read LOG to its end once. */
  current(): Index | undefined
  /** Resolves when `current` has an index. */
  readonly ready: Promise<void>
  stop(): void
}

/** Pauses of its reader after interruptions. */
export const REOPEN_PAUSES: Pauses = { minMs: 50, maxMs: 5_000 }

/** How long a task waits for an index that is being read. */
const READY_MS_MAX = 5_000

/** The index as soon as it is there. @param what names it in the error @throws ColloquyError `index_behind` */
export async function readIndex<Index>({ current, ready }: Pick<LogIndex<Index>, 'current' | 'ready'>, what: string): Promise<Index> {
  const known = current()
  if (known !== undefined) return known
  const waited = new AbortController()
  await Promise.race([ready, delay(READY_MS_MAX, undefined, { signal: waited.signal }).catch(() => undefined)])
  waited.abort()
  const index = current()
  if (index !== undefined) return index
  throw new ColloquyError('index_behind', `${what} still being read from LOG`)
}
