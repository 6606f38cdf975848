import type { JetStreamManager } from '@nats-io/jetstream'
import { isJetStreamError } from './jetstream-codes.ts'
import type { SourcedStream } from './sourcing.ts'

/**
 * All that removes messages or streams, in one place: no other file may call JetStream's purge and delete (test/house-rules.ts). Nothing
 * here takes a stream or a subject from a message. A running system removes nothing from LOG. JetStream's own `deny_purge` and
 * `deny_delete` are not used: they cannot be unset.
 */
export type Jsm = Pick<JetStreamManager, 'streams'>

/** Removes inputs up to an INBOX sequence: LOG has their records, and the effects of the records are carried out. */
export async function removeDecidedInputs({ streams }: Jsm, upToSeq: number): Promise<void> {
  await streams.purge('INBOX', { seq: upToSeq + 1 })
}

/** Removes messages that INBOX has sourced and that are decided, up to a sequence of their stream. Leaves schedules alone. */
export async function removeSourced({ streams }: Jsm, { stream, way }: SourcedStream, upToSeq: number): Promise<void> {
  await streams.purge(stream, { filter: `${way}.>`, seq: upToSeq + 1 })
}

/** Removes a dead letter that was redriven or dropped: LOG has the record that says so, or that of what it is about. It may be gone. */
export async function removeResolvedDeadLetter({ streams }: Jsm, seq: number): Promise<void> {
  try {
    await streams.deleteMessage('DEAD', seq, false)
  } catch (error) {
    if (!isJetStreamError(error, 'noSuchSequence')) throw error
  }
}

/** Removes a task from TASKS whose machine no longer needs it, so that it takes no place among those that wait. It may be gone. */
export async function removeStoppedTask({ streams }: Jsm, seq: number): Promise<void> {
  try {
    await streams.deleteMessage('TASKS', seq, false)
  } catch (error) {
    if (!isJetStreamError(error, 'noSuchSequence')) throw error
  }
}

/** Removes a key from a bucket without a delete marker: the ids of members and of runs of tasks are never reused. */
export async function removeBucketKey({ streams }: Jsm, bucketStream: string, subject: string): Promise<void> {
  await streams.purge(bucketStream, { filter: subject })
}

/** Removes a filler that a restore has published where the backup has a gap, so that sequences stay the same. */
export async function removeFiller({ streams }: Jsm, stream: 'LOG' | 'DEAD', seq: number): Promise<void> {
  await streams.deleteMessage(stream, seq, false)
}

/** Removes a stream that an interrupted restore has left. The restore that starts over has checked that nothing else filled it. */
export async function removeUnfinishedRestore({ streams }: Jsm, stream: string): Promise<void> {
  await streams.delete(stream)
}

/** The bucket of what all processes have cached; all of it can be made again. */
export const CACHE_BUCKET = 'colloquy_cache'
const CACHE_STREAM = `KV_${CACHE_BUCKET}`

/** Removes an entry of the cache by its revision, without a delete marker. A newer one of its key stays. It may be gone. */
export async function removeCached({ streams }: Jsm, revision: number): Promise<void> {
  try {
    await streams.deleteMessage(CACHE_STREAM, revision, false)
  } catch (error) {
    if (!isJetStreamError(error, 'noSuchSequence')) throw error
  }
}

/** Removes all entries of the cache whose keys begin with a prefix, which ends with a dot or is empty. */
export async function removeCachedUnder({ streams }: Jsm, prefix: string): Promise<void> {
  await streams.purge(CACHE_STREAM, { filter: `$KV.${CACHE_BUCKET}.${prefix}>` })
}

/** Removes an object from a bucket of objects without a marker: no record needs it, and its name is not reused. */
export async function removeObject({ streams }: Jsm, bucket: string, { name, nuid }: { name: string; nuid: string }): Promise<void> {
  // As the client of the object store encodes names. A process that is killed after this leaves parts, which a sweep removes.
  await streams.purge(`OBJ_${bucket}`, { filter: `$O.${bucket}.M.${base64Url(name)}` })
  await removeObjectParts({ streams }, bucket, nuid)
}

/** Removes the parts of an object that was never completed, or that is removed. */
export async function removeObjectParts({ streams }: Jsm, bucket: string, nuid: string): Promise<void> {
  await streams.purge(`OBJ_${bucket}`, { filter: `$O.${bucket}.C.${nuid}` })
}

/** With padding, unlike Node's `base64url`. */
const base64Url = (text: string): string => Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
