import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'

/** Actors of a kind by state; an actor counts for its states and for their parents. */
export interface KindCounts {
  readonly total: number
  readonly done: number
  readonly error: number
  /** By the dotted path of the state. */
  readonly states: Readonly<Record<string, number>>
}

export interface Counts {
  readonly kinds: Readonly<Record<string, KindCounts>>
  /** LOG sequence up to which actors are counted. */
  readonly projectedSeq: number
}

/** Combinations of parallel states that are counted. */
const ROWS_MAX = 20_000
const AGE_MS_MIN = 250
/** Share of the tables' time that counting may take. */
const SHARE_MAX = 0.2

const rowsSchema = z.array(z.object({ kind: z.string(), state: z.string(), status: z.string(), actors: z.coerce.number() }))
const progressSchema = z.array(z.object({ projected_seq: z.coerce.number() }))

/** Counts the rows of the table `actors`. Calls during a count, and shortly after it, get its result. */
export function createCounts(clickhouse: ClickHouseClient, now: () => number): () => Promise<Counts> {
  let counted: Promise<Counts> | undefined
  let freshUntil = 0
  return () => {
    if (counted !== undefined && now() < freshUntil) return counted
    const startedAt = now()
    freshUntil = Infinity
    counted = count(clickhouse).finally(() => {
      freshUntil = now() + Math.max(AGE_MS_MIN, (now() - startedAt) / SHARE_MAX)
    })
    return counted
  }
}

async function count(clickhouse: ClickHouseClient): Promise<Counts> {
  const read = async (query: string): Promise<unknown> => (await clickhouse.query({ query, format: 'JSONEachRow' })).json()
  // Read before counting, so that it never promises more than what was counted.
  const [progress] = progressSchema.parse(await read('SELECT projected_seq FROM freshness'))
  const rows = rowsSchema.parse(
    await read(
      `SELECT kind, state, status, count() AS actors FROM actors GROUP BY kind, state, status ORDER BY actors DESC LIMIT ${ROWS_MAX}`,
    ),
  )
  const kinds: Record<string, { total: number; done: number; error: number; states: Record<string, number> }> = {}
  for (const { kind, state, status, actors } of rows) {
    const of = (kinds[kind] ??= { total: 0, done: 0, error: 0, states: {} })
    of.total += actors
    if (status === 'done' || status === 'error') of[status] += actors
    for (const path of activePaths(state)) of.states[path] = (of.states[path] ?? 0) + actors
  }
  return { kinds, projectedSeq: progress?.projected_seq ?? 0 }
}

/** A state as records write it → the paths of its leaves and of their parents. */
export function activePaths(state: string): Set<string> {
  const paths = new Set<string>()
  for (const leaf of state.split('+')) {
    const parts = leaf.split('.')
    for (let length = 1; length <= parts.length; length++) paths.add(parts.slice(0, length).join('.'))
  }
  paths.delete('')
  return paths
}
