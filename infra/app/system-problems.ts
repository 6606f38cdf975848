import { basename, dirname } from 'node:path'
import type { ClickHouseClient } from '@clickhouse/client'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { textOf } from '../../pipeline/jetstream/removed.ts'
import { streamInfo } from '../../pipeline/jetstream/stream-info.ts'
import { damagedTables } from '../../pipeline/projector/present-generations.ts'
import type { UnprovenReport } from '../../pipeline/projector/unproven-rows.ts'
import { type HostEnds, hostEndsText, readHostEnds } from '../../pipeline/watchdog/ended-hosts.ts'
import { speaks } from '../../pipeline/watchdog/suspects.ts'
import { counted } from '../../schemas/counted.ts'
import { ERROR_CODES, type ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { type Reason, REASONS } from '../../schemas/reasons.ts'
import type { TableName } from '../../schemas/tables.ts'
import type { Settings } from '../settings.ts'
import { withJetStream } from './connect-to-running.ts'
import { ADMIN_REPAIRS, type AdminTable, unreadableAdminTables } from './damaged-tables.ts'
import { openBucket } from './prepare-streams.ts'
import { countDeadLetters, readStatusOn, type SystemStatus, withTables } from './system-status.ts'

/** Something that is wrong now. */
export interface Problem {
  /** A code of docs/errors.md. */
  readonly code: ErrorCode
  /** What is wrong, with numbers and names. */
  readonly what: string
  readonly remedy: string
}

/** Above this lag a stage counts as behind: at usual loads it is a matter of milliseconds. */
const LAG_MAX = 1_000

/** Reads what is wrong in a system now; empty for a sound one. @throws ColloquyError as `readStatus` */
export const readProblems = (settings: Settings): Promise<readonly Problem[]> =>
  withJetStream(settings, async (jetstream) => readProblemsOn(jetstream, settings, await readStatusOn(jetstream, settings)))

/** As `readProblems`, on a connection with all rights, for a status that was read just now. */
export async function readProblemsOn(jetstream: JetStreamContext, settings: Settings, status: SystemStatus): Promise<readonly Problem[]> {
  const letters = new Map<Reason, number>()
  for (const reason of status.dead === 0 ? [] : REASONS) {
    const count = await countDeadLetters(jetstream, reason)
    if (count > 0) letters.set(reason, count)
  }
  const damaged = await withTables<Damage | ColloquyError>(settings, readDamage, (error) =>
    error instanceof ColloquyError && ['tables_unavailable', 'not_running'].includes(error.code) ? error : NO_DAMAGE,
  )
  const hostEnds = await readHostEnds(await openBucket(jetstream.nc))
  const { first_seq: firstSeq } = (await streamInfo(jetstream.jsm, 'INBOX')).state
  // The next start of a host forgets inputs that INBOX no longer has.
  const counting = [...hostEnds].filter(([seq, ends]) => seq >= firstSeq && speaks(ends, Date.now()))
  return problemsOf(status, letters, new Map(counting), damaged)
}

/** Tables that are being made again, and tables about tables that cannot be read. */
interface Damage {
  readonly tables: readonly TableName[]
  readonly unreadable: readonly AdminTable[]
}
const NO_DAMAGE: Damage = { tables: [], unreadable: [] }

async function readDamage(client: ClickHouseClient): Promise<Damage> {
  const unreadable = await unreadableAdminTables(client)
  const isKnown = !unreadable.some((table) => table === 'repairs' || table === 'generations')
  return { tables: isKnown ? await damagedTables(client) : [], unreadable }
}

/** The first unproven records, and how many rows each table has. */
export function unprovenText({ records, rows, first }: UnprovenReport): string {
  const named = first.slice(0, UNPROVEN_SHOWN).map(({ seq, actor }) => `${seq} of ${actor}`)
  const more = records - named.length
  const tables = Object.entries(rows).map(([name, count]) => `${count} of ${name}`)
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''} (rows: ${tables.join(', ')})`
}

const UNPROVEN_SHOWN = 3

/** They are named by their time, and lie in one folder. */
const foldersText = ([first = '', ...more]: readonly string[]): string =>
  more.length === 0 ? first : `${more.length + 1} folders in ${dirname(first)}, the first ${basename(first)}`

export function problemsOf(
  { stages, removed, nats, models, autoModel }: SystemStatus,
  letters: ReadonlyMap<Reason, number>,
  hostEnds: ReadonlyMap<number, HostEnds>,
  damaged: Damage | ColloquyError = NO_DAMAGE,
): Problem[] {
  const problem = (code: ErrorCode, what: string): Problem => ({ code, what, remedy: ERROR_CODES[code].remedy })
  const { unproven, setAside } = removed
  return [
    ...Object.entries(stages).flatMap(([role, { ok, lag, detail }]) =>
      !ok
        ? [problem('stage_failing', `${role}: ${detail}`)]
        : lag > LAG_MAX
          ? [problem('stage_behind', `${role} is ${counted(lag, 'message')} behind: ${detail}`)]
          : [],
    ),
    ...(damaged instanceof ColloquyError
      ? [problem('tables_unavailable', damaged.message)]
      : [
          ...damaged.unreadable.map((table) =>
            problem('table_damaged', `${table} cannot be read: once its damaged part is set aside, ${ADMIN_REPAIRS[table]}`),
          ),
          ...damaged.tables.map((table) => problem('table_damaged', `${table} is being made again from LOG`)),
        ]),
    ...(nats.code === null ? [] : [problem(nats.code, nats.detail)]),
    ...[...new Set(models.flatMap((one) => one.problem ?? []))].map((what) => problem('bad_models', what)),
    ...autoModel.flatMap(({ pid, problem: what }) => (what === null ? [] : [problem('auto_model_missing', `process ${pid}: ${what}`)])),
    ...(removed.records === 0
      ? []
      : [problem('records_lost', `LOG has lost ${counted(removed.records, 'record')}: ${textOf(removed.ranges)}`)]),
    ...(unproven.records === 0
      ? []
      : [problem('records_unproven', `the tables have rows of ${counted(unproven.records, 'lost record')}: ${unprovenText(unproven)}`)]),
    ...(setAside.length === 0 ? [] : [problem('unproven_set_aside', foldersText(setAside))]),
    ...[...hostEnds].map(([seq, ends]) => problem('host_end_counted', `INBOX ${seq}: ${hostEndsText(ends)}`)),
    ...[...letters].map(([reason, count]) => problem(reason, `${counted(count, 'dead letter')} with the reason ${reason}`)),
  ]
}
