import { hash } from 'node:crypto'
import type { TaskObjects } from '../../actors/definition/task-objects.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, TerminalError } from '../../schemas/errors.ts'
import type { ObjectReference } from '../../schemas/object-reference.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { type ObjectBucket, openObjectBucket } from '../jetstream/object-bucket.ts'

/** The bucket of what tasks have stored. Nothing can make it again: a backup has it. */
export const TASK_OBJECTS_BUCKET = 'TASK_OBJECTS'
/** Number of objects in the whole cluster. */
export const OBJECTS_MAX = 100_000

/** Bounds of what tasks store. */
export interface ObjectLimits {
  /** Bytes of one object. */
  readonly objectBytesMax: number
  /** Bytes of all objects of the cluster. Tasks that store at the same time may go beyond it by their objects. */
  readonly objectsBytesMax: number
}

/** The objects of a cluster's tasks. */
export interface ObjectStore {
  /** The objects of one run. */
  of(actor: Address, run: string): TaskObjects
}

/** Opens the bucket of the objects of tasks. `replicas` counts where it does not exist yet. */
export const openTaskObjects = (jetstream: Pick<JetStreamContext, 'js' | 'jsm'>, replicas: number): Promise<ObjectBucket> =>
  openObjectBucket(jetstream, TASK_OBJECTS_BUCKET, { replicas, description: 'what tasks have stored' })

/** Stores and opens objects of tasks. */
export function createObjectStore(bucket: ObjectBucket, { objectBytesMax, objectsBytesMax }: ObjectLimits): ObjectStore {
  const checkRoom = async (bytes: number): Promise<void> => {
    const used = await bucket.usage()
    if (used.bytes + bytes <= objectsBytesMax && used.objects < OBJECTS_MAX) return
    throw new ColloquyError(
      'objects_full',
      `tasks have stored ${used.bytes} bytes in ${used.objects} objects, and ${bytes} more bytes have no room: at most ${objectsBytesMax} `
        + `bytes (COLLOQUY_TASK_OBJECTS_BYTES_MAX) and ${OBJECTS_MAX} objects are allowed`,
    )
  }
  return {
    of: ({ tenant, kind, id }, run) => ({
      async store(content) {
        const stored = typeof content === 'string' ? Buffer.from(content) : content
        const bytes = stored.byteLength
        if (bytes > objectBytesMax) {
          throw new TerminalError(
            'object_too_large' satisfies ErrorCode,
            `the object has ${bytes} bytes; at most ${objectBytesMax} are allowed (COLLOQUY_TASK_OBJECT_BYTES_MAX)`,
          )
        }
        const sha256 = hash('sha256', stored)
        const object = nameOf([tenant, kind, id, run, sha256])
        if ((await bucket.find(object)) === undefined) {
          await checkRoom(bytes)
          await bucket.save(object, { tenant, kind, id, run, sha256 }, stored)
        }
        return { object, sha256, bytes }
      },
      async object(reference) {
        const found = await bucket.find(reference.object)
        // A reference can come with an input: nothing of another tenant is told, not even that it is there.
        const stored = found?.metadata['tenant'] === tenant ? await bucket.load(reference.object) : undefined
        if (stored === undefined) throw noObject(reference)
        if (hash('sha256', stored) !== reference.sha256) throw badObject(reference)
        return Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength)
      },
    }),
  }
}

/** The name of an object: a hash of whose it is and of what it is. Objects of two runs are never one, so each has one owner. */
const nameOf = (parts: readonly string[]): string => hash('sha256', JSON.stringify(parts)).slice(0, 32)

const noObject = ({ object }: ObjectReference): TerminalError =>
  new TerminalError(
    'no_object' satisfies ErrorCode,
    `there is no object ${object} of this tenant: the output of its run did not have the reference, or its records are gone`,
  )
const badObject = ({ object, sha256 }: ObjectReference): TerminalError =>
  new TerminalError('bad_object' satisfies ErrorCode, `the object ${object} is not the one of the reference: its SHA-256 is not ${sha256}`)
