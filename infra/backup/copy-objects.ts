import { hash } from 'node:crypto'
import type { BucketObject, ObjectBucket } from '../../pipeline/jetstream/object-bucket.ts'
import { objectPath, readObject, writeWhole } from './backup-folder.ts'
import type { ObjectBackup } from './backup-format.ts'

/**
 * Copies the objects of tasks into a backup folder, one at a time, without those that an earlier backup there has. Called after the log was
 * copied: each reference in it was stored before its record.
 *
 * @throws the reason of `signal` when it is aborted.
 */
export async function copyObjects(
  bucket: ObjectBucket,
  dir: string,
  before: readonly ObjectBackup[],
  signal: AbortSignal,
): Promise<{ readonly objects: ObjectBackup[]; readonly copiedBytes: number }> {
  const known = new Map(before.map((object) => [object.name, object]))
  const objects: ObjectBackup[] = []
  let copiedBytes = 0
  for (const object of await bucket.list()) {
    signal.throwIfAborted()
    const copied = known.get(object.name) ?? (await copyObject(bucket, dir, object))
    // The sweeper has removed it meanwhile: no record needs it.
    if (copied === undefined) continue
    objects.push(copied)
    if (!known.has(object.name)) copiedBytes += copied.bytes
  }
  return { objects, copiedBytes }
}

async function copyObject(bucket: ObjectBucket, dir: string, { name, metadata }: BucketObject): Promise<ObjectBackup | undefined> {
  const stored = await bucket.load(name)
  if (stored === undefined) return undefined
  await writeWhole(objectPath(dir, name), stored)
  return { name, sha256: hash('sha256', stored), bytes: stored.byteLength, metadata: { ...metadata } }
}

/** Stores the objects of a backup again, one at a time. */
export async function refillObjects(bucket: ObjectBucket, dir: string, objects: readonly ObjectBackup[]): Promise<void> {
  for (const object of objects) await bucket.save(object.name, object.metadata, await readObject(dir, object))
}
