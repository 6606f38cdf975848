import { Objm } from '@nats-io/obj'
import type { JetStreamContext } from './connection.ts'
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
  /** `undefined` where it is not there. The reader checks that the bytes are whole. */
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
    load: async (name) => (await store.getBlob(name)) ?? undefined,
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
