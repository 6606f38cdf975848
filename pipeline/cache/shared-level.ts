import { DiscardPolicy, JetStreamApiError, StorageType } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { nanos } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { z } from 'zod'
import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import { TOKEN } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { isJetStreamError, NO_MESSAGE_STATUS, NO_ROOM_CODES } from '../jetstream/jetstream-codes.ts'
import { CACHE_BUCKET, removeCached, removeCachedUnder } from '../jetstream/removal.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { type PeriodicJob, periodicJob } from '../runtime/periodic-job.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { withinMs } from '../runtime/time-limit.ts'
import type { HashedKey } from './cache-key.ts'
import { type EntryForm, entryText, readEntry } from './shared-entry.ts'

/** The second level: entries that all processes share. It never throws: what it cannot do is a miss, and is counted. */
export interface SharedLevel {
  /** The value of a key. One that does not fit its schema is removed. */
  get<Value>(form: EntryForm, key: HashedKey, schema: z.ZodType<Value>): Promise<Value | undefined>
  /** Stores in the background. Of two writers of one key, the later wins. @returns false if it will not be stored */
  put(form: EntryForm, key: HashedKey, value: unknown): boolean
  /** Removes all entries of a tenant. While it cannot, this process has no hit for them. */
  drop(form: EntryForm, tenant: string): Promise<void>
  /** As last read, a few seconds ago at most; `undefined` while there is no bucket. */
  size(): SharedSize | undefined
  /** After the stores under way. */
  stop(): Promise<void>
}

export interface SharedSize {
  readonly entries: number
  readonly bytes: number
}

export interface SharedLevelOptions extends SharedBounds {
  readonly jetstream: Pick<JetStreamContext, 'nc' | 'jsm' | 'mux'>
  readonly metrics: Metrics
  readonly log: Logger
  /** Interval of the checks of the bucket; default 5,000. */
  readonly checkMs?: number
}

export interface SharedBounds {
  /** The server removes an entry after this time, by its own clock: those of the processes may differ. */
  readonly ttlMs: number
  /** When they are full, the oldest entries make room. */
  readonly bytesMax: number
}

/** The stream of the bucket. It is in memory and has one replica: what is lost with a server costs time only. */
const STREAM = `KV_${CACHE_BUCKET}`
const ENTRIES_MAX = 100_000
export const SHARED_ENTRY_BYTES_MAX = 64 * 1024
/** Room for the headers of an entry, which count in the bucket's bound. */
const HEADER_BYTES = 1_024
/** A read that takes longer is a miss: what is cached can be made again. */
const READ_MS_MAX = 50
const WRITE_MS_MAX = 1_000
/** Of a check of the bucket: a stop waits for one. */
const CHECK_MS_MAX = 2_000
const READS_MAX = 256
const WRITES_MAX = 64
/** After so many failures in a row, the level is left alone for a while, so that look-ups do not wait for it. */
const FAILURES_MAX = 3
const REST_MS = 1_000
const CHECK_MS = 5_000
/** JetStream's default; it may not be longer than the time to live. */
const DUPLICATE_WINDOW_MS = 120_000
/** Tenants whose entries are still to be removed; with more, all entries are. */
const PENDING_DROPS_MAX = 1_000

/** Opens the level, and creates its bucket in the background. The newest start of any process sets the bounds for all. */
export function openSharedLevel(options: SharedLevelOptions): SharedLevel {
  const { jetstream, metrics, log, checkMs = CHECK_MS } = options
  const directGet = `${jetstream.jsm.getOptions().apiPrefix ?? '$JS.API'}.DIRECT.GET.${STREAM}`
  let kv: KV | undefined
  let size: SharedSize | undefined
  let failures = 0
  let failedMs = 0
  let restUntilMs = 0
  let reads = 0
  const writes = new Set<Promise<void>>()
  const pendingDrops = new Set<string>()
  let allPending = false

  const failed = (op: 'read' | 'write' | 'drop' | 'open', error: unknown, startedMs = performance.now()): void => {
    const why = whyOf(error)
    metrics.cacheSharedFailures.inc({ op, why })
    rateLimitedWarn(log, { op, why, err: messageOf(error) }, 'the shared cache in NATS cannot be used; going on without it')
    // What failed together counts once.
    if (why === 'full' || startedMs < failedMs) return
    failedMs = performance.now()
    failures += 1
    if (failures >= FAILURES_MAX) restUntilMs = performance.now() + REST_MS
  }
  const within = async <T>(ms: number, ask: () => Promise<T>): Promise<T> => {
    const answer = await withinMs(ms, ask, () => new ColloquyError('no_reply', `NATS did not answer within ${ms} ms`))
    failures = 0
    return answer
  }
  const isDropPending = (prefix: string): boolean => allPending || pendingDrops.has(prefix)
  /** The bucket, if an entry may be asked for now. */
  const usable = (form: EntryForm, { tenant }: HashedKey): KV | undefined =>
    performance.now() < restUntilMs || !TOKEN.test(tenant) || isDropPending(prefixOf(form, tenant)) ? undefined : kv

  /** Changes the bucket in the background. @returns false if too many changes are under way */
  const change = (form: EntryForm, op: 'write' | 'drop', work: () => Promise<unknown>): boolean => {
    if (writes.size >= WRITES_MAX) {
      metrics.cacheDropped.inc({ cache: form.cache, why: 'busy' })
      return false
    }
    const startedMs = performance.now()
    const writing: Promise<void> = within(WRITE_MS_MAX, work).then(
      () => void writes.delete(writing),
      (error: unknown) => {
        writes.delete(writing)
        failed(op, error, startedMs)
      },
    )
    writes.add(writing)
    return true
  }
  const dropPending = async (): Promise<void> => {
    await Promise.all(writes)
    const wasAll = allPending
    for (const prefix of wasAll ? [''] : [...pendingDrops]) {
      try {
        await within(WRITE_MS_MAX, () => removeCachedUnder(jetstream.jsm, prefix))
      } catch (error) {
        return failed('drop', error)
      }
      pendingDrops.delete(prefix)
    }
    if (!wasAll) return
    allPending = false
    pendingDrops.clear()
  }
  const check = async (): Promise<void> => {
    try {
      const { state } = await within(CHECK_MS_MAX, () =>
        jetstream.jsm.streams.info(STREAM).catch((error: unknown) => {
          if (isJetStreamError(error, 'streamNotFound')) return prepare(jetstream, options)
          throw error
        }),
      )
      kv ??= await new Kvm(jetstream.nc).open(CACHE_BUCKET, { allow_direct: true })
      size = { entries: state.messages, bytes: state.bytes }
      metrics.cacheSharedBytes.set(state.bytes)
      if (allPending || pendingDrops.size > 0) await dropPending()
    } catch (error) {
      kv = undefined
      size = undefined
      metrics.cacheSharedBytes.set(0)
      failed('open', error)
    }
  }
  // Another process may have set other bounds, and the newest start counts.
  const opening = within(CHECK_MS_MAX, () => prepare(jetstream, options)).then(check, (error: unknown) => failed('open', error))
  const job: PeriodicJob = periodicJob(checkMs, async () => {
    await opening
    await check()
    return checkMs
  })

  const read = async <Value>(form: EntryForm, key: HashedKey, schema: z.ZodType<Value>): Promise<Value | undefined> => {
    const reply = await within(READ_MS_MAX, () => jetstream.mux.request(`${directGet}.$KV.${CACHE_BUCKET}.${keyOf(form, key)}`, ''))
    if (reply.headers?.code === NO_MESSAGE_STATUS) return undefined
    const revision = Number(reply.headers?.get('Nats-Sequence'))
    const found = readEntry(form, key, reply.string())
    if (found.kind === 'older') return undefined
    if (found.kind === 'newer') {
      metrics.cacheDropped.inc({ cache: form.cache, why: 'newer' })
      return undefined
    }
    const value = found.kind === 'value' ? schema.safeParse(found.value) : undefined
    if (value?.success) return value.data
    metrics.cacheDropped.inc({ cache: form.cache, why: 'poisoned' })
    change(form, 'drop', () => removeCached(jetstream.jsm, revision))
    return undefined
  }
  return {
    async get(form, key, schema) {
      if (usable(form, key) === undefined || reads >= READS_MAX) return undefined
      reads += 1
      const startedMs = performance.now()
      try {
        return await read(form, key, schema)
      } catch (error) {
        failed('read', error, startedMs)
        return undefined
      } finally {
        reads -= 1
      }
    },
    put(form, key, value) {
      const bucket = usable(form, key)
      if (bucket === undefined) return false
      const text = entryText(form, key, value)
      if (Buffer.byteLength(text) <= SHARED_ENTRY_BYTES_MAX) return change(form, 'write', () => bucket.put(keyOf(form, key), text))
      metrics.cacheDropped.inc({ cache: form.cache, why: 'too_large' })
      return false
    },
    async drop(form, tenant) {
      if (!TOKEN.test(tenant)) return
      pendingDrops.add(prefixOf(form, tenant))
      if (pendingDrops.size > PENDING_DROPS_MAX) allPending = true
      if (kv !== undefined) await dropPending()
    },
    size: () => size,
    async stop() {
      await job.stop()
      await opening
      await Promise.all(writes)
    },
  }
}

const prefixOf = ({ cache }: EntryForm, tenant: string): string => `${cache}.${tenant}.`
const keyOf = (form: EntryForm, { tenant, name }: HashedKey): string => prefixOf(form, tenant) + name

/** Creates the bucket, or sets the bounds of the one that exists. */
async function prepare({ nc, jsm }: SharedLevelOptions['jetstream'], { ttlMs, bytesMax }: SharedBounds) {
  const bounds = {
    max_age: nanos(ttlMs),
    duplicate_window: nanos(Math.min(ttlMs, DUPLICATE_WINDOW_MS)),
    max_bytes: bytesMax,
    max_msgs: ENTRIES_MAX,
    max_msg_size: SHARED_ENTRY_BYTES_MAX + HEADER_BYTES,
    discard: DiscardPolicy.Old,
  }
  await new Kvm(nc).create(CACHE_BUCKET, { storage: StorageType.Memory, replicas: 1, history: 1, ttl: ttlMs, max_bytes: bytesMax })
  return jsm.streams.update(STREAM, bounds)
}

/** Why the level could not be used: it was slow, it has no room, or it is not there. */
function whyOf(error: unknown): 'late' | 'full' | 'away' {
  if (hasCode(error, 'no_reply')) return 'late'
  return error instanceof JetStreamApiError && NO_ROOM_CODES.has(error.code) ? 'full' : 'away'
}
