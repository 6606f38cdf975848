import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'

/** Counts of a kind's actors by state. Each actor counts for its active states and for the parents of these. */
export interface KindCounts {
  readonly total: number
  readonly done: number
  readonly error: number
  /** Number of actors by the dotted path of a state. */
  readonly states: Readonly<Record<string, number>>
}

export interface Counts {
  readonly kinds: Readonly<Record<string, KindCounts>>
  /** The counts include at least the records up to this LOG sequence. */
  readonly projectedSeq: number
}

/** Max combinations of kind, state and status that a count reads. */
const ROWS_MAX = 20_000
const AGE_MS_MIN = 250
/** Max share of ClickHouse's time that counting takes. */
const SHARE_MAX = 0.2

const rowsSchema = z.array(z.object({ kind: z.string(), state: z.string(), status: z.string(), actors: z.coerce.number() }))
const progressSchema = z.array(z.object({ projected_seq: z.coerce.number() }))

/** Counts the rows of the table `actors`. Calls during a count, and shortly after it, get its result. */
export function createCounts(client: () => ClickHouseClient, now: () => number): () => Promise<Counts> {
  let counted: Promise<Counts> | undefined
  let freshUntil = 0
  return () => {
    if (counted !== undefined && now() < freshUntil) return counted
    const startedAt = now()
    freshUntil = Infinity
    const counting = async (): Promise<Counts> => count(client())
    counted = counting().finally(() => {
      freshUntil = now() + Math.max(AGE_MS_MIN, (now() - startedAt) / SHARE_MAX)
    })
    return counted
  }
}

async function count(clickhouse: ClickHouseClient): Promise<Counts> {
  const read = async (query: string): Promise<unknown> => (await clickhouse.query({ query, format: 'JSONEachRow' })).json()
  // Read before the count, so that the count includes all records up to it.
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
    // A child that its parent stopped has ended, too.
    if (status === 'stopped') of.done += actors
    for (const path of activePaths(state)) of.states[path] = (of.states[path] ?? 0) + actors
  }
  return { kinds, projectedSeq: progress?.projected_seq ?? 0 }
}

/** Turns a record's state into the paths of its leaves and of their parents. */
export function activePaths(state: string): Set<string> {
  const paths = new Set<string>()
  for (const leaf of state.split('+')) {
    const parts = leaf.split('.')
    for (let length = 1; length <= parts.length; length++) paths.add(parts.slice(0, length).join('.'))
  }
  paths.delete('')
  return paths
}
