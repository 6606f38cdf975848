import { z } from 'zod'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import type { Caches } from '../cache/caches.ts'
import type { Cache } from '../cache/two-level-cache.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { findRecord, type Placed, recordAt } from '../jetstream/last-record.ts'

/** Share of the memory of all caches. */
const SHARE = 0.05
const NUMBER_BYTES = 8

const positionSchema = z.int().nonnegative()

/** LOG sequences of numbered records; 0: LOG has none with the number. */
export type RecordPositions = Cache<number>

/** The cache of positions. A record's answer is not cached: it is made of LOG each time, which also proves the position. */
export const createRecordPositions = (caches: Caches): RecordPositions =>
  caches.create<number>({
    cache: 'records',
    version: 1,
    share: SHARE,
    schema: positionSchema,
    toJson: (seq) => seq,
    bytesOf: () => NUMBER_BYTES,
    asksMin: { memory: 1, shared: 2 },
  })

export interface NumberedRecord {
  readonly address: Address
  readonly subject: string
  /** The actor's last record. */
  readonly last: Placed
  /** Number of the record. */
  readonly at: number
}

/** A record of an actor by its number: read at its cached position if that is right, else searched for, which takes many reads. */
export async function numberedRecord(
  jetstream: Pick<JetStreamContext, 'jsm'>,
  { address, subject, last, at }: NumberedRecord,
  positions: RecordPositions | undefined,
): Promise<Placed | undefined> {
  const find = (): Promise<Placed | undefined> => findRecord(jetstream, subject, last, ({ n }) => n - at)
  if (positions === undefined || at >= last.record.n) return find()
  let found: Placed | undefined
  const isRight = async (seq: number): Promise<boolean> => {
    const record = seq === 0 ? undefined : await recordAt(jetstream, seq).catch(() => undefined)
    if (record?.subject !== subject || record.record.n !== at) return false
    found = record
    return true
  }
  const fill = async () => {
    found = await find()
    return { value: found?.seq ?? 0, isCacheable: found !== undefined }
  }
  const key = { tenant: address.tenant, parts: [actorKey(address), String(at)] }
  const { value } = await positions.through(key, fill, isRight)
  // Another call filled it for this one, too.
  return found ?? (value === 0 ? undefined : find())
}
