import { existsSync } from 'node:fs'
import type { ClickHouseClient } from '@clickhouse/client'
import { recoverGenerations } from '../../pipeline/projector/present-generations.ts'
import { DAMAGE_CODES } from '../../pipeline/runtime/clickhouse-failures.ts'
import { type PeriodicJob, periodicJob } from '../../pipeline/runtime/periodic-job.ts'
import { collectionOf, dropCollection } from '../../pipeline/search/clickhouse/point-tables.ts'
import { rowsTable } from '../../schemas/ddl.ts'
import { codeOf } from '../../schemas/errors.ts'
import { TABLE_NAMES } from '../../schemas/tables.ts'
import { setAsideFolder } from '../servers/clickhouse/set-aside.ts'
import {
  ADMIN_REPAIRS,
  ADMIN_TABLES,
  type DamageDeps,
  damagedParts,
  detachedParts,
  detachPart,
  lastCopiesText,
  mayHaveLastCopies,
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
  /** Its folder. */
  readonly path: string
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

/** How often signs of damage are looked for, and the parts whose folders are gone. */
const WATCH_PAUSE_MS = 2_000
const FOLDERS_PAUSE_MS = 10_000
/** A query that takes longer may be searching for the bit that flipped in a block, which takes ClickHouse minutes and burns a processor. */
const LONG_QUERY_SECONDS = 10
/** Min pause between two checks of all parts at full speed: after errors, and after a query that took long. */
const AFTER_ERRORS_MS = 60_000
const AFTER_LONG_MS = 600_000

/**
 * Checks parts at once where a query of anybody met damage, where one takes suspiciously long, and where the folder of a part is gone. The
 * errors that ClickHouse counts show that; their texts often name the part.
 */
export function startDamageWatch(deps: DamageDeps): PeriodicJob {
  const { clickhouse, log } = deps
  let known: DamageSigns | undefined
  let foldersAtMs = -Infinity
  let allAtMs = -Infinity
  const checkAll = async (parts: readonly Part[], signal: AbortSignal): Promise<void> => {
    for (const part of parts) {
      signal.throwIfAborted()
      await checkPart(deps, part)
    }
  }
  const look = async (signal: AbortSignal): Promise<void> => {
    const nowMs = performance.now()
    const signs = await damageSigns(clickhouse)
    // Errors before the first look may be of a damage, too.
    const hasErrors = signs.errors > (known?.errors ?? 0)
    const isDue = nowMs - foldersAtMs > FOLDERS_PAUSE_MS
    if (hasErrors || signs.longQueries > 0 || isDue) {
      const parts = await partsOf(clickhouse)
      const gone = isDue ? parts.filter(({ path }) => !existsSync(path)) : []
      if (isDue) foldersAtMs = nowMs
      await checkAll([...gone, ...(hasErrors ? parts.filter(({ path }) => signs.texts.includes(path)) : [])], signal)
      if ((hasErrors && nowMs - allAtMs > AFTER_ERRORS_MS) || (signs.longQueries > 0 && nowMs - allAtMs > AFTER_LONG_MS)) {
        allAtMs = nowMs
        await checkAll(await partsOf(clickhouse), signal)
      }
    }
    // The checks themselves count as errors.
    known = hasErrors || known === undefined ? await damageSigns(clickhouse) : signs
  }
  return periodicJob(0, async (signal) => {
    await look(signal).catch((error: unknown) => {
      if (!signal.aborted) log.debug({ code: codeOf(error), err: error }, 'could not look for damaged parts of the tables; looking again')
    })
    return WATCH_PAUSE_MS
  })
}

interface DamageSigns {
  /** Errors of `DAMAGE_CODES` since the server started, and the last text of each code. */
  readonly errors: number
  readonly texts: string
  readonly longQueries: number
}

async function damageSigns(clickhouse: ClickHouseClient): Promise<DamageSigns> {
  const result = await clickhouse.query({
    query: `SELECT sum(value) AS errors, arrayStringConcat(groupArray(last_error_message), '\n') AS texts,
        (SELECT count() FROM system.processes WHERE elapsed > ${LONG_QUERY_SECONDS} AND query_kind = 'Select') AS longQueries
      FROM system.errors WHERE code IN (${[...DAMAGE_CODES, FILE_SYSTEM_CODE].join()})`,
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    format: 'JSONEachRow',
  })
  const [signs] = await result.json<DamageSigns>()
  return signs ?? { errors: 0, texts: '', longQueries: 0 }
}

/** ClickHouse's code for an error of the C++ library, such as a file that is gone. */
const FILE_SYSTEM_CODE = 1001

async function partsOf(clickhouse: ClickHouseClient): Promise<Part[]> {
  const result = await clickhouse.query({
    // The tables about tables first, because repairs of the others read them.
    query: `SELECT table, name, path FROM system.parts WHERE database = currentDatabase() AND active
      ORDER BY table NOT IN ({first:Array(String)}), table, name`,
    query_params: { first: ADMIN_TABLES },
    format: 'JSONEachRow',
  })
  return result.json<Part>()
}

/** ClickHouse's code for a part that was merged into another in the meantime. */
const NO_SUCH_PART = '232'

/** Checks one part. @returns whether it was damaged */
export async function checkPart(deps: DamageDeps, { table, name }: Pick<Part, 'table' | 'name'>): Promise<boolean> {
  const { clickhouse, folder, log } = deps
  const damaged = await damagedParts(clickhouse, table, name).catch((error: unknown) => {
    if (codeOf(error) === NO_SUCH_PART) return []
    throw error
  })
  if (damaged.length === 0) return false
  const target = TABLE_NAMES.find((one) => rowsTable(one) === table)
  const admin = ADMIN_TABLES.find((one) => one === table)
  const collection = collectionOf(table)
  if ((target ?? admin ?? collection) === undefined || folder === undefined) {
    log.error({ table, part: name }, `a part of the table ${table} in ClickHouse is damaged, and Colloquy did not make this table`)
    return true
  }
  const to = setAsideFolder(folder, new Date())
  const isLastCopy = target !== undefined && (await mayHaveLastCopies(deps, target, name))
  // Noted first: after a crash in between, the rows are made again although they are still there.
  const found = `a damaged part; set aside in ${to}`
  if (target !== undefined) await noteDamage(clickhouse, [target], found)
  if (collection !== undefined) await noteDamagedCollection(clickhouse, collection, found)
  await detachPart(clickhouse, table, name)
  if (admin === 'generations') await noteDamage(clickhouse, await recoverGenerations(clickhouse), found)
  for (const part of await detachedParts(clickhouse)) await setPartAside(part, to)
  // The indexer notices within seconds, and fills a new one.
  if (collection !== undefined) await dropCollection(clickhouse, collection)
  const lastCopies = isLastCopy ? await lastCopiesText(deps) : ''
  const next =
    admin === undefined
      ? `Colloquy ${collection === undefined ? 'makes its rows' : 'fills the search index'} again from LOG`
      : ADMIN_REPAIRS[admin]
  log.error(
    { table, part: name, folder: to },
    `a part of the table ${table} in ClickHouse was damaged and was set aside in ${to}; ${next}${lastCopies}`,
  )
  return true
}
