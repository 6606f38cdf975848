import type { JetStreamManager } from '@nats-io/jetstream'
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
  /** `undefined` if the key has no value. Any replica may answer. @throws ZodError if the value does not fit the schema */
  get(): Promise<Versioned<T> | undefined>
  put(value: T): Promise<void>
  /** As `compareAndSet`. */
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

/** The entry of a key with a value; a deleted key has none. */
export async function entryOf(kv: KV, key: string): Promise<KvEntry | undefined> {
  const entry = await kv.get(key)
  return entry?.operation === 'PUT' ? entry : undefined
}

/**
 * Names of the keys that begin with a prefix, which ends with a dot; also of keys without a value. The client's own `keys` makes a consumer
 * that stays for five minutes where it finds none, and a stream has at most 1,000 of them: what is asked for often asks here.
 */
export async function keysUnder({ streams }: Pick<JetStreamManager, 'streams'>, bucket: string, prefix: string): Promise<string[]> {
  const subjects = `$KV.${bucket}.`
  const { state } = await streams.info(`KV_${bucket}`, { subjects_filter: `${subjects}${prefix}>` })
  return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(subjects.length))
}

/**
 * Replaces the value at `revision`, or creates the key if that is `undefined`.
 *
 * @returns the new revision; `undefined` if another writer was first
 */
export const compareAndSet = (kv: KV, key: string, text: string, revision: number | undefined): Promise<number | undefined> =>
  (revision === undefined ? kv.create(key, text) : kv.update(key, text, revision)).catch(whereOtherWasFirst)

function whereOtherWasFirst(error: unknown): undefined {
  if (!isJetStreamError(error, 'wrongLastSequence')) throw error
}
