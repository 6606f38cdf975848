import type { ClickHouseClient } from '@clickhouse/client'
import { type PeriodicJob, periodicJob } from '../../pipeline/runtime/periodic-job.ts'
import { collectionOf } from '../../pipeline/search/clickhouse/point-tables.ts'
import { rowsTable } from '../../schemas/ddl.ts'
import { codeOf } from '../../schemas/errors.ts'
import { TABLE_NAMES } from '../../schemas/tables.ts'
import { setAsideFolder } from '../servers/clickhouse/set-aside.ts'
import {
  type DamageDeps,
  damagedParts,
  detachedParts,
  detachPart,
  noteDamage,
  noteDamagedCollection,
  setPartAside,
} from './damaged-tables.ts'

/** Max share of the time in which parts are read. */
const SHARE = 0.05
const PART_PAUSE_MS_MIN = 200
const PASS_PAUSE_MS = 24 * 3_600_000
const FAILED_PAUSE_MS = 60_000

interface Part {
  readonly table: string
  readonly name: string
}

/**
 * Reads all parts of the tables once a day, one after another, and compares their checksums: a block that its disk has changed would
 * otherwise fail queries and stop merges. A damaged part is set aside, and its table marked.
 */
export function startPartCheck(deps: DamageDeps): PeriodicJob {
  const { clickhouse, log } = deps
  let parts: Part[] = []
  return periodicJob(FAILED_PAUSE_MS, async (signal) => {
    const startedMs = performance.now()
    try {
      if (parts.length === 0) parts = await partsOf(clickhouse)
      const part = parts.shift()
      if (part !== undefined) await checkPart(deps, part)
    } catch (error) {
      if (!signal.aborted)
        log.warn({ code: codeOf(error), err: error }, 'a part of the tables could not be checked; going on with the next')
      return FAILED_PAUSE_MS
    }
    const tookMs = performance.now() - startedMs
    return parts.length === 0 ? PASS_PAUSE_MS : Math.max(PART_PAUSE_MS_MIN, tookMs / SHARE - tookMs)
  })
}

async function partsOf(clickhouse: ClickHouseClient): Promise<Part[]> {
  const result = await clickhouse.query({
    query: 'SELECT table, name FROM system.parts WHERE database = currentDatabase() AND active ORDER BY table, name',
    format: 'JSONEachRow',
  })
  return result.json<Part>()
}

/** ClickHouse's code for a part that was merged into another in the meantime. */
const NO_SUCH_PART = '232'

/** Checks one part. @returns whether it was damaged */
export async function checkPart({ clickhouse, folder, log }: DamageDeps, { table, name }: Part): Promise<boolean> {
  const damaged = await damagedParts(clickhouse, table, name).catch((error: unknown) => {
    if (codeOf(error) === NO_SUCH_PART) return []
    throw error
  })
  if (damaged.length === 0) return false
  const target = TABLE_NAMES.find((one) => rowsTable(one) === table)
  const collection = collectionOf(table)
  if ((target ?? collection) === undefined || folder === undefined) {
    log.error({ table, part: name }, `a part of the table ${table} in ClickHouse is damaged; restart Colloquy, which sets it aside`)
    return true
  }
  const to = setAsideFolder(folder, new Date())
  // Noted first: after a crash in between, the rows are made again although they are still there.
  const found = `a damaged part; set aside in ${to}`
  if (target !== undefined) await noteDamage(clickhouse, [target], found)
  if (collection !== undefined) await noteDamagedCollection(clickhouse, collection, found)
  await detachPart(clickhouse, table, name)
  for (const part of await detachedParts(clickhouse)) await setPartAside(part, to)
  const next =
    collectionOf(table) === undefined ? 'Colloquy makes its rows again from LOG' : 'the next start of Colloquy fills it again from LOG'
  log.error({ table, part: name, folder: to }, `a part of the table ${table} in ClickHouse was damaged and was set aside in ${to}; ${next}`)
  return true
}
