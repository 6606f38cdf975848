import { hash } from 'node:crypto'
import type { JetStreamManager } from '@nats-io/jetstream'
import { type ObjectInfo, Objm } from '@nats-io/obj'
import { ColloquyError } from '../../schemas/errors.ts'
import type { JetStreamContext } from './connection.ts'
import { readPage } from './direct-page.ts'
import { removeObject, removeObjectParts } from './removal.ts'
import { streamInfo } from './stream-info.ts'

/** An object of a bucket, without its bytes. */
export interface BucketObject {
  readonly name: string
  readonly metadata: Readonly<Record<string, string>>
  /** When it was stored, milliseconds since 1970. */
  readonly storedAtMs: number
}

/** A bucket of JetStream's object store. Objects never change: their names are hashes of what they are, or of what they were made of. */
export interface ObjectBucket {
  find(name: string): Promise<BucketObject | undefined>
  /** `undefined` where it is not there. @throws ColloquyError `no_reply` where a part is not there yet, or is damaged */
  load(name: string): Promise<Uint8Array | undefined>
  save(name: string, metadata: Readonly<Record<string, string>>, bytes: Uint8Array): Promise<void>
  /** Removes an object; a marker of its name stays, so that readers hear of it. */
  remove(name: string): Promise<void>
  /** Removes an object and every trace of it. */
  erase(name: string): Promise<void>
  list(): Promise<BucketObject[]>
  /** What the bucket holds now. */
  usage(): Promise<{ readonly bytes: number; readonly objects: number }>
  /**
   * Removes parts of objects that were never completed: their process was killed while it stored them.
   *
   * @param beforeMs parts stored later, milliseconds since 1970, may belong to an object that is being stored
   * @returns how many objects were never completed
   */
  removeIncomplete(beforeMs: number): Promise<number>
}

/** Opens a bucket, and creates it where it is missing. */
export async function openObjectBucket(
  { js, jsm }: Pick<JetStreamContext, 'js' | 'jsm'>,
  bucket: string,
  { replicas, description }: { readonly replicas: number; readonly description: string },
): Promise<ObjectBucket> {
  const store = await new Objm(js).create(bucket, { replicas, description })
  const stream = `OBJ_${bucket}`
  const parts = `$O.${bucket}.C.`
  const described = ({ name, metadata = {}, mtime }: { name: string; metadata?: Record<string, string>; mtime: string }): BucketObject => ({
    name,
    metadata,
    storedAtMs: Date.parse(mtime),
  })
  return {
    async find(name) {
      const info = await store.info(name)
      return info === null || info.deleted ? undefined : described(info)
    },
    async load(name) {
      const info = await store.info(name)
      return info === null || info.deleted ? undefined : partsOf(jsm, stream, `${parts}${info.nuid}`, info)
    },
    async save(name, metadata, bytes) {
      await store.putBlob({ name, metadata: { ...metadata } }, bytes)
    },
    async remove(name) {
      await store.delete(name)
    },
    async erase(name) {
      const info = await store.info(name)
      if (info !== null) await removeObject(jsm, bucket, info)
    },
    list: async () => (await store.list()).map(described),
    async usage() {
      const { state } = await streamInfo(jsm, stream)
      return { bytes: state.bytes, objects: Math.ceil((state.num_subjects ?? 0) / 2) }
    },
    async removeIncomplete(beforeMs) {
      const { state } = await jsm.streams.info(stream, { subjects_filter: `${parts}>` })
      // Listed after the parts: an object that was completed in between is in the list.
      const complete = new Set((await store.list()).map(({ nuid }) => `${parts}${nuid}`))
      let removed = 0
      for (const subject of Object.keys(state.subjects ?? {})) {
        if (complete.has(subject)) continue
        const last = await jsm.streams.getMessage(stream, { last_by_subj: subject })
        if (last === null || last.time.getTime() >= beforeMs) continue
        await removeObjectParts(jsm, bucket, subject.slice(parts.length))
        removed += 1
      }
      return removed
    },
  }
}

/** Parts of an object in one request. A part has at most 128 KiB. */
const PAGE_PARTS = 64
/** What the store writes around a digest in base64url. */
const DIGEST_FRAME = /^SHA-256=|=+$/g

/**
 * The bytes of an object. The store's own reading makes a consumer that stays for five minutes, and a stream has at most 1,000 of them:
 * that is four objects a second.
 */
async function partsOf(
  jsm: JetStreamManager,
  stream: string,
  subject: string,
  { size, digest }: Pick<ObjectInfo, 'size' | 'digest'>,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (let seq = 1, bytes = 0; bytes < size;) {
    const before = bytes
    await readPage(jsm, { stream, seq, subject, messagesMax: PAGE_PARTS }, (message) => {
      parts.push(message.data)
      bytes += message.data.length
      seq = message.seq + 1
    })
    if (bytes === before) break
  }
  const whole = Buffer.concat(parts)
  if (whole.length === size && hash('sha256', whole, 'base64url') === digest.replaceAll(DIGEST_FRAME, '')) return whole
  throw new ColloquyError('no_reply', `${stream} gave ${whole.length} of the ${size} bytes of an object, or others; it is read again`)
}
