import type { ClickHouseClient } from '@clickhouse/client'
import { rowsTable } from '../../schemas/ddl.ts'
import type { PublicRecord } from '../../schemas/record.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import { type ReadModel, TABLE_NAMES, type TableName, TABLES } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { inPieces, type Removed, removedSql, type SeqRange } from '../jetstream/removed.ts'
import { insertRecordsOf } from './rollback.ts'
import type { Batch } from './row-batch.ts'

/**
 * A lost record of LOG whose rows the tables still have. Nothing proves them any more: they are the last copy. They stay, until the input
 * of the record is decided again; then they would count twice.
 */
export interface UnprovenRecord extends Address {
  readonly seq: number
  readonly n: number
  /** Of its input. */
  readonly input: string
  readonly source: string
}

/** Records that are named in a log line or a report. */
export const NAMED_MAX = 20

/** The lost records whose inputs the tables have, by their events. */
async function unprovenRecords(clickhouse: ClickHouseClient, { ranges }: Pick<Removed, 'ranges'>): Promise<UnprovenRecord[]> {
  const found: UnprovenRecord[] = []
  for (const some of inPieces(ranges)) {
    const result = await clickhouse.query({
      query: `SELECT seq, tenant, kind, actor, n, id AS input, source FROM events
        WHERE idx = 0 AND ${removedSql({ ranges: some }, 'seq')} ORDER BY seq`,
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    })
    const events = await result.json<Omit<UnprovenRecord, 'id'> & { readonly actor: string }>()
    found.push(...events.map(({ actor, ...event }) => ({ ...event, id: actor })))
  }
  return found
}

/** What the tables still have of lost records. */
export interface UnprovenReport {
  /** Lost records that have rows in any table. */
  readonly records: number
  /** Their rows, by table. */
  readonly rows: Readonly<Partial<Record<TableName, number>>>
  /** The first of them, at most `NAMED_MAX`, with their actors. */
  readonly first: readonly { readonly seq: number; readonly actor: string }[]
}

export const NOTHING_UNPROVEN: UnprovenReport = { records: 0, rows: {}, first: [] }

/** Counts the rows of lost records over all tables, as `verify` does. Reads all of the tables whose rows have versions. */
export async function unprovenReport(clickhouse: ClickHouseClient, { ranges }: Pick<Removed, 'ranges'>): Promise<UnprovenReport> {
  let report = NOTHING_UNPROVEN
  for (const some of inPieces(ranges)) {
    const rowsOf = (name: TableName): string => {
      const { seq }: ReadModel = TABLES[name]
      return `SELECT '${name}' AS name, ${seq} AS at, any(concat(tenant, '/', kind, '/', actor)) AS whose, count() AS rows FROM ${name}
        WHERE ${removedSql({ ranges: some }, seq)} GROUP BY at`
    }
    const result = await clickhouse.query({
      query: `WITH found AS (${TABLE_NAMES.map(rowsOf).join(' UNION ALL ')})
        SELECT uniqExact(at) AS records, sumMap(map(name, rows)) AS rows,
          arraySlice(arraySort(groupUniqArray((at, whose))), 1, ${NAMED_MAX}) AS first FROM found`,
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    })
    const [more] = await result.json<{ records: number; rows: Partial<Record<TableName, number>>; first: [number, string][] }>()
    if (more === undefined) continue
    const rows = { ...report.rows }
    for (const name of TABLE_NAMES) if ((more.rows[name] ?? 0) > 0) rows[name] = (rows[name] ?? 0) + (more.rows[name] ?? 0)
    const first = [...report.first, ...more.first.map(([seq, actor]) => ({ seq, actor }))].slice(0, NAMED_MAX)
    report = { records: report.records + more.records, rows, first }
  }
  return report
}

/** The unproven rows of a running projector, which notices when their inputs are decided again. */
export interface UnprovenRows {
  /** Whether a record decides the input of a lost record again. Costs nothing while there is none. */
  observe(address: Address, record: PublicRecord, seq: number): void
  /** Removes the rows of lost records that were observed again. Call it when the rows of the observed records are inserted. */
  settle(upToSeq: number): Promise<number>
}

export interface UnprovenDeps {
  readonly jetstream: JetStreamContext
  readonly clickhouse: ClickHouseClient
  readonly partitionCount: number
  readonly insert: (batch: Batch) => Promise<void>
}

export async function openUnprovenRows(deps: UnprovenDeps, removed: Pick<Removed, 'ranges'>): Promise<UnprovenRows> {
  const waiting = new Map(
    (await unprovenRecords(deps.clickhouse, removed)).map((lost) => [keyOf(lost, lost.n, lost.input, lost.source), lost]),
  )
  const again = new Set<UnprovenRecord>()
  for (const lost of await decidedAgain(deps.clickhouse, [...waiting.values()])) again.add(lost)
  return {
    observe(address, { n, input }, seq) {
      if (waiting.size === 0) return
      const lost = waiting.get(keyOf(address, n, input.id, input.source))
      if (lost !== undefined && lost.seq < seq) again.add(lost)
    },
    async settle(upToSeq) {
      if (again.size === 0) return 0
      const settled = [...again]
      await removeRows(deps, settled, upToSeq)
      for (const lost of settled) waiting.delete(keyOf(lost, lost.n, lost.input, lost.source))
      again.clear()
      return settled.length
    },
  }
}

/** The same input of the same actor as the same record of it: `n` tells apart an input that was sent again under one id. */
const keyOf = (address: Address, n: number, input: string, source: string): string => `${actorKey(address)} ${n} ${source} ${input}`

/** Lost records that a later record in the tables replaces already, as after a crash. */
async function decidedAgain(clickhouse: ClickHouseClient, lost: readonly UnprovenRecord[]): Promise<UnprovenRecord[]> {
  const again: UnprovenRecord[] = []
  for (const one of lost) {
    const result = await clickhouse.query({
      query: `SELECT 1 FROM events WHERE seq > {seq:UInt64} AND idx = 0 AND tenant = {tenant:String} AND kind = {kind:String}
        AND actor = {id:String} AND n = {n:UInt32} AND id = {input:String} AND source = {source:String} LIMIT 1`,
      query_params: { ...one },
      format: 'JSONEachRow',
    })
    if ((await result.json()).length > 0) again.push(one)
  }
  return again
}

/**
 * Removes the rows of lost records, and inserts the rows of their actors again: a removed row may have replaced an earlier version. The
 * events go last: until then a repetition finds what is left to do.
 */
async function removeRows(deps: UnprovenDeps, lost: readonly UnprovenRecord[], upToSeq: number): Promise<void> {
  const { jetstream, clickhouse, partitionCount, insert } = deps
  const seqs = lost.map(({ seq }) => seq)
  const remove = async (name: TableName): Promise<void> => {
    const table: ReadModel = TABLES[name]
    for (const some of inPieces(seqs)) {
      await clickhouse.command({
        query: `ALTER TABLE ${rowsTable(name)} DELETE WHERE ${table.seq} IN (${some.join(', ')})`,
        clickhouse_settings: { mutations_sync: '1' },
      })
    }
  }
  for (const name of TABLE_NAMES) if (name !== 'events') await remove(name)
  const actors = new Map(lost.map(({ tenant, kind, id }): [string, Address] => [actorKey({ tenant, kind, id }), { tenant, kind, id }]))
  await insertRecordsOf({ jetstream, partitionCount }, actors.values(), upToSeq, insert)
  await remove('events')
}

/**
 * Copies the unproven rows of tables into a generation that a rebuild fills: LOG cannot give them back.
 *
 * @param generations the present generation of each table
 */
export async function carryUnproven(
  clickhouse: ClickHouseClient,
  tables: readonly TableName[],
  generations: Readonly<Record<TableName, number>>,
  generation: number,
  ranges: readonly SeqRange[],
): Promise<void> {
  for (const name of tables) {
    const table: ReadModel = TABLES[name]
    const columns = Object.keys(table.columns).join(', ')
    for (const some of inPieces(ranges)) {
      await clickhouse.command({
        query: `INSERT INTO ${rowsTable(name)} (${columns}, generation) SELECT ${columns}, ${generation} FROM ${rowsTable(name)} FINAL
          WHERE generation = ${generations[name]} AND ${removedSql({ ranges: some }, table.seq)}`,
        clickhouse_settings: { max_partitions_per_insert_block: '0' },
      })
    }
  }
}
