import type { BucketObject, ObjectBucket } from '../../../pipeline/jetstream/object-bucket.ts'

/** Keeps objects of tasks in memory, until a backup takes them. */
export function createObjectsInMemory(): ObjectBucket {
  const objects = new Map<string, BucketObject & { readonly bytes: Uint8Array }>()
  const remove = async (name: string): Promise<void> => {
    objects.delete(name)
  }
  return {
    find: async (name) => objects.get(name),
    load: async (name) => objects.get(name)?.bytes,
    async save(name, metadata, bytes) {
      objects.set(name, { name, metadata, bytes, storedAtMs: 0 })
    },
    remove,
    erase: remove,
    list: async () => [...objects.values()],
    usage: async () => ({ bytes: [...objects.values()].reduce((sum, { bytes }) => sum + bytes.byteLength, 0), objects: objects.size }),
    removeIncomplete: async () => 0,
  }
}
