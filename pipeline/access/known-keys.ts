import { createPublicKey, type KeyObject } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { type AccessKey, isGoodKey } from '../../schemas/access-keys.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { periodicJob } from '../runtime/periodic-job.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { readAccess } from './key-bucket.ts'
import { claimsOf, isSigned } from './key-tokens.ts'

/** A key that is revoked is refused after this time, and the time to read it. */
const READ_MS = 1_000
/** A signer that nobody knows is looked for at once, but not more often. */
const READ_MS_MIN = 100
/** Keys whose signatures were checked, so that this is done once. */
const CHECKED_MAX = 10_000
/** Keys that are known go on for this long where the bucket cannot be read. */
export const UNREAD_MS_MAX = 600_000

/** What is known of a text that may be a key. */
export type KeyCheck =
  | { readonly is: 'good'; readonly key: AccessKey }
  /** No key, changed, expired, revoked, or of another installation. */
  | { readonly is: 'bad' }
  /** It may be good, but the bucket of keys cannot be read now. */
  | { readonly is: 'unknown' }

/** The keys that this process knows. */
export interface KnownKeys {
  /** Whether no key was ever issued: then nothing is protected by keys. */
  readonly areNone: boolean
  check(text: string): Promise<KeyCheck>
  /** A key by its id, while it is good. */
  find(id: string): AccessKey | undefined
  /** Calls back once, within seconds, when a key is no longer good. @returns stops it */
  onEnd(id: string, ended: () => void): () => void
  stop(): Promise<void>
}

/** Reads all keys, and then each second what has changed. @param now milliseconds since 1970 */
export async function knowKeys(jetstream: Pick<JetStreamContext, 'jsm'>, log: Logger, now: () => number = Date.now): Promise<KnownKeys> {
  const keys = new Map<string, AccessKey>()
  const signers = new Map<string, KeyObject>()
  const checked = new LRUCache<string, true>({ max: CHECKED_MAX })
  const listeners = new Map<string, Set<() => void>>()
  let revision = 0
  let readAtMs = -Infinity
  let reading: Promise<void> | undefined

  const read = async (): Promise<void> => {
    revision = await readAccess(jetstream, revision, (change) => {
      if ('key' in change) keys.set(change.key.id, change.key)
      else signers.set(change.signer, createPublicKey(change.publicKey))
    })
    readAtMs = now()
  }
  const readOnce = (): Promise<void> => {
    reading ??= read().finally(() => (reading = undefined))
    return reading
  }
  /** Whether a reading that begins now succeeds: one under way may have passed what was just written. */
  const isReadAgain = async (): Promise<boolean> => {
    await reading?.catch(() => undefined)
    return readOnce().then(
      () => true,
      () => false,
    )
  }
  await readOnce()
  const job = periodicJob(READ_MS, async () => {
    await readOnce().catch((err: unknown) => {
      rateLimitedWarn(log, { err }, `keys cannot be read; those that are known go on for ${UNREAD_MS_MAX / 60_000} minutes`)
    })
    tellEnds()
    return READ_MS
  })
  const tellEnds = (): void => {
    for (const [id, all] of listeners) {
      if (isRead() && goodKey(id) !== undefined) continue
      listeners.delete(id)
      for (const ended of all) ended()
    }
  }

  const goodKey = (id: string): AccessKey | undefined => {
    const key = keys.get(id)
    return key !== undefined && isGoodKey(key, now()) ? key : undefined
  }
  const isRead = (): boolean => now() - readAtMs < UNREAD_MS_MAX
  return {
    get areNone() {
      return keys.size === 0
    },
    find: (id) => (isRead() ? goodKey(id) : undefined),
    async check(text) {
      const claimed = claimsOf(text)
      if (claimed === undefined) return { is: 'bad' }
      if (!checked.has(text)) {
        // Anybody can name a signer that nobody knows: that is looked for now and then only.
        if (!signers.has(claimed.signer) && now() - readAtMs >= READ_MS_MIN && !(await isReadAgain())) return { is: 'unknown' }
        const signer = signers.get(claimed.signer)
        if (signer === undefined || !(await isSigned(text, signer, now()))) return { is: 'bad' }
        checked.set(text, true)
      }
      if (!keys.has(claimed.id) && !(await isReadAgain())) return { is: 'unknown' }
      if (!isRead()) return { is: 'unknown' }
      const key = goodKey(claimed.id)
      return key === undefined ? { is: 'bad' } : { is: 'good', key }
    },
    onEnd(id, ended) {
      // The administrator's token and a machine without keys do not end.
      if (!keys.has(id)) return () => undefined
      const all = listeners.get(id) ?? new Set()
      listeners.set(id, all.add(ended))
      return () => {
        all.delete(ended)
        if (all.size === 0 && listeners.get(id) === all) listeners.delete(id)
      }
    },
    stop: () => job.stop(),
  }
}
