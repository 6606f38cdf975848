import type { KV, KvEntry } from '@nats-io/kv'
import type { z } from 'zod'
import { isJetStreamError } from './jetstream-codes.ts'

/** A value with its revision in the bucket. */
export interface Versioned<T> {
  readonly value: T
  readonly revision: number
}

/** One key of a bucket whose value is JSON of one schema. */
export interface TypedKey<T> {
  /** `undefined` where the key has no value. Any replica may answer. @throws ZodError where the value is another's */
  get(): Promise<Versioned<T> | undefined>
  put(value: T): Promise<void>
  /** As `compareAndSet` of the bucket does. */
  compareAndSet(value: T, revision: number | undefined): Promise<number | undefined>
  /** Removes the value if it is still the one of this revision. */
  deleteAt(revision: number): Promise<void>
}

export const typedKey = <T>(kv: KV, key: string, schema: z.ZodType<T>): TypedKey<T> => ({
  async get() {
    const entry = await entryOf(kv, key)
    return entry && { value: schema.parse(entry.json()), revision: entry.revision }
  },
  async put(value) {
    await kv.put(key, JSON.stringify(value))
  },
  compareAndSet: (value, revision) => compareAndSet(kv, key, JSON.stringify(value), revision),
  deleteAt: (revision) => kv.delete(key, { previousSeq: revision }).catch(whereOtherWasFirst),
})

/** The entry of a key that has a value; a key that was deleted has none. */
export async function entryOf(kv: KV, key: string): Promise<KvEntry | undefined> {
  const entry = await kv.get(key)
  return entry?.operation === 'PUT' ? entry : undefined
}

/**
 * Puts a value in place of the one at `revision`, or of none where that is `undefined`.
 *
 * @returns the new revision; `undefined` where somebody else was first
 */
export const compareAndSet = (kv: KV, key: string, text: string, revision: number | undefined): Promise<number | undefined> =>
  (revision === undefined ? kv.create(key, text) : kv.update(key, text, revision)).catch(whereOtherWasFirst)

function whereOtherWasFirst(error: unknown): undefined {
  if (!isJetStreamError(error, 'wrongLastSequence')) throw error
}
