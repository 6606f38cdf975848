import { hash } from 'node:crypto'
import { LIMITS } from '../../schemas/limits.ts'
import { TOKEN, UNADDRESSABLE } from '../../schemas/subjects.ts'
import type { TableName } from '../../schemas/tables.ts'
import { knownLetters, publishDerivedLetter } from '../dispatcher/derived-letters.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import type { RetryDeps } from '../jetstream/publish-with-retry.ts'
import type { AnyRow } from './row-batch.ts'

export const ROW_REFUSED = 'row_refused'

export interface RefusedRowDeps extends Omit<RetryDeps, 'publisher'> {
  readonly jetstream: Pick<JetStreamContext, 'jsm' | 'publisher'>
}

/**
 * Publishes a row that ClickHouse refuses to DEAD, where it stays until somebody drops it: the table lacks the row, and LOG has its record.
 * The row of the same record is published once, however often the table is filled.
 */
export async function setRowAside(deps: RefusedRowDeps, table: TableName, row: AnyRow, refusal: Error): Promise<void> {
  const { generation: _generation, ...content } = row
  const token = (name: string): string => {
    const text = row[name]
    return typeof text === 'string' && TOKEN.test(text) ? text : UNADDRESSABLE
  }
  const address = { tenant: token('tenant'), kind: token('kind'), id: token('actor') }
  const logSeq = Number(row['last_seq'] ?? row['seq'] ?? 0)
  const id = `dead-row-${table}-${logSeq}-${hash('sha256', JSON.stringify(content)).slice(0, 16)}`
  deps.metrics.rowsSetAside.inc({ table })
  deps.log.error({ table, seq: logSeq, err: refusal }, 'ClickHouse refuses a row; publishing it to DEAD and going on without it')
  if ((await knownLetters(deps.jetstream, ROW_REFUSED, address, new Set([id]))).has(id)) return
  await publishDerivedLetter(
    { ...deps, publisher: deps.jetstream.publisher },
    {
      reason: ROW_REFUSED,
      address,
      id,
      logSeq,
      at: new Date().toISOString(),
      error: refusal,
      payload: JSON.stringify({ table, row: content }, shortened),
    },
  )
}

/** LOG has the whole record; DEAD takes messages of a bounded size. */
const shortened = (_name: string, value: unknown): unknown =>
  typeof value === 'string' ? value.slice(0, LIMITS.rejectedPayloadCharsMax).toWellFormed() : value
