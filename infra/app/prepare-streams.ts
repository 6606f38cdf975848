import type { JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { ACCESS_BUCKET } from '../../pipeline/access/key-bucket.ts'
import { CLUSTER_BUCKET } from '../../pipeline/cluster/registry.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import { isJetStreamError } from '../../pipeline/jetstream/jetstream-codes.ts'
import { partitionsOf, streamInfo } from '../../pipeline/jetstream/stream-info.ts'
import { entryOf } from '../../pipeline/jetstream/typed-kv.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { StreamName } from '../../schemas/subjects.ts'
import { BUCKET_LIMITS, type NamedConfig, storageBytesOf, streamConfigs, type StreamSizes } from './stream-configs.ts'
import { prepareEventsConsumer, saveLimits } from './stream-watch.ts'

/** The configuration of the streams. */
export interface StreamOptions extends StreamSizes {
  /** For a restore: the first sequences of new streams (default 1). Without it, an unfinished restore refuses the start. */
  readonly restore?: { readonly firstSeqs: Readonly<Partial<Record<StreamName, number>>> }
  /** Whether `storageBytesMax` is no guess: then a server with less room refuses the start. Otherwise less is asked for. */
  readonly isStorageKnown: boolean
  readonly log: Logger
}

/** With less for all streams together a start is refused. */
const STORAGE_BYTES_MIN = 256 * 1024 ** 2

/** The bucket of the cluster's state beside the log: checkpoints, registered kinds, locks. */
export const BUCKET = 'colloquy'

/** Opens the bucket of a running system. */
export const openBucket = (nc: NatsConnection): Promise<KV> => new Kvm(nc).open(BUCKET)

/**
 * Creates the streams, the consumer for clients and the buckets, or sets the limits of existing ones. Repeating it is harmless. The limits
 * are saved, so that every process can restore them (`startStreamWatch`).
 *
 * @throws ColloquyError `partitions_fixed` if the streams have another number of partitions; `restore_unfinished` after an interrupted
 * restore; `log_missing`; `insufficient_storage`.
 */
export async function prepareStreams(nc: NatsConnection, jsm: JetStreamManager, options: StreamOptions): Promise<KV> {
  const kv = await prepareBucket(nc, jsm, BUCKET, options.replicas)
  if (options.restore === undefined) await refuseUnfinishedRestore(kv)
  const set = await setStreams(jsm, kv, options, nc.info?.max_payload ?? 1024 * 1024)
  for (const bucket of [CLUSTER_BUCKET, ACCESS_BUCKET]) await prepareBucket(nc, jsm, bucket, options.replicas)
  for (const bucket of [BUCKET, CLUSTER_BUCKET, ACCESS_BUCKET]) set.push(await jsm.streams.info(`KV_${bucket}`))
  await saveLimits(kv, set)
  await prepareEventsConsumer(jsm)
  await firstCheckpoints(jsm, kv, options.partitions)
  return kv
}

/** Sets the limits of the streams that exist, and creates the others. If the server has too little room, the new ones get smaller. */
async function setStreams(jsm: JetStreamManager, kv: KV, options: StreamOptions, payloadBytesMax: number): Promise<StreamInfo[]> {
  const asked = await storageOf(jsm, options)
  const configsOf = (storageBytesMax: number): NamedConfig[] => streamConfigs({ ...options, storageBytesMax }, payloadBytesMax)
  const infos = await updateStreams(jsm, configsOf(asked), options)
  const missing = (configs: readonly NamedConfig[]): NamedConfig[] => configs.filter(({ name }) => !infos.has(name))
  const added = new Map<StreamName, StreamInfo>()
  for (let storageBytesMax = asked; ;) {
    try {
      for (const config of missing(configsOf(storageBytesMax))) {
        const { name } = config
        if (name === 'LOG' && options.restore === undefined) await refuseWithoutLog(kv)
        // All new ones get smaller alike.
        const smaller = added.get(name)
        added.set(
          name,
          smaller === undefined
            ? await jsm.streams.add({ ...config, ...firstSeqOf(name, options) })
            : await jsm.streams.update(name, changeable(config)),
        )
      }
      if (storageBytesMax < asked)
        options.log.warn(
          { asked, bytes: storageBytesMax },
          `NATS has no room for streams of ${asked} bytes together; they may use ${storageBytesMax}. `
            + 'COLLOQUY_STORAGE_BYTES_MAX sets how much they may use',
        )
      return [...infos.values(), ...added.values()]
    } catch (cause) {
      if (!lacksStorage(cause)) throw cause
      const half = Math.floor(storageBytesMax / 2)
      if (options.isStorageKnown || half < STORAGE_BYTES_MIN) throw await insufficientStorage(jsm, storageBytesMax, cause)
      storageBytesMax = half
    }
  }
}

/**
 * Sets the limits of the streams that exist. If the server lacks the storage for a larger one, all keep their sizes: a larger INBOX beside
 * the LOG of before could hold more inputs than LOG has room for.
 */
async function updateStreams(
  jsm: JetStreamManager,
  configs: readonly NamedConfig[],
  { partitions, log }: StreamOptions,
): Promise<Map<StreamName, StreamInfo>> {
  const existing = new Map<StreamName, StreamInfo>()
  for (const { name } of configs) {
    const info = await find(jsm, name)
    if (info === undefined) continue
    if (name === 'INBOX') checkPartitions(info, partitions)
    existing.set(name, info)
  }
  const update = async (sized: (config: NamedConfig, info: StreamInfo) => Partial<StreamConfig>): Promise<Map<StreamName, StreamInfo>> => {
    const updated = new Map<StreamName, StreamInfo>()
    for (const config of configs) {
      const info = existing.get(config.name)
      if (info !== undefined) updated.set(config.name, await jsm.streams.update(config.name, sized(config, info)))
    }
    return updated
  }
  try {
    return await update(changeable)
  } catch (error) {
    if (!lacksStorage(error)) throw error
    const figures = configs.flatMap(({ name, max_bytes: asked }) => {
      const bytes = existing.get(name)?.config.max_bytes
      return bytes === undefined || bytes === asked ? [] : [{ stream: name, bytes, asked }]
    })
    log.warn(
      { streams: figures },
      `NATS has no room for larger streams (${messageOf(error)}); those that exist keep their sizes, in bytes: `
        + `${figures.map(({ stream, bytes, asked }) => `${stream} ${bytes} instead of ${asked}`).join(', ')}. Raise max_file_store in the `
        + 'configuration of NATS, or the limit of the account, and start again; or set COLLOQUY_STORAGE_BYTES_MAX to what they may use',
    )
    return await update((config, info) => ({ ...changeable(config), max_bytes: info.config.max_bytes }))
  }
}

/** What may change in a stream that exists. */
function changeable({ name: _name, retention: _retention, storage: _storage, ...rest }: NamedConfig): Partial<StreamConfig> {
  return rest
}

/** The server's disk and the account's limit. */
const NO_STORAGE = ['insufficientStorage', 'insufficientResources', 'accountLimit'] as const
const lacksStorage = (error: unknown): boolean => NO_STORAGE.some((code) => isJetStreamError(error, code))

/**
 * What all streams may use together: what they have, else no more than the account may. A server tells nobody what its disk has room for.
 */
async function storageOf(jsm: JetStreamManager, { storageBytesMax, isStorageKnown, replicas }: StreamOptions): Promise<number> {
  if (isStorageKnown) return storageBytesMax
  const log = await find(jsm, 'LOG')
  if (log !== undefined) return storageBytesOf(log)
  return Math.min(storageBytesMax, Math.floor((await accountLimit(jsm, replicas)) * ACCOUNT_SHARE))
}

/** The rest is for buckets and for streams of others. */
const ACCOUNT_SHARE = 0.9

/** Bytes that an account may store with so many replicas; `Infinity` without a limit. */
async function accountLimit(jsm: JetStreamManager, replicas: number): Promise<number> {
  const { limits, tiers } = await jsm.getAccountInfo()
  const own = tiers?.[`R${replicas}`]?.limits.max_storage ?? limits.max_storage / replicas
  return own > 0 ? own : Infinity
}

async function insufficientStorage(jsm: JetStreamManager, asked: number, cause: unknown): Promise<ColloquyError> {
  const { storage, limits } = await jsm.getAccountInfo()
  const limit = limits.max_storage > 0 ? `, whose account may store ${limits.max_storage} and has ${storage}` : ''
  return new ColloquyError(
    'insufficient_storage',
    `NATS${limit} has no room for streams of ${asked} bytes together (${messageOf(cause)}). Raise max_file_store in its configuration, or `
      + 'the limit of the account, or set COLLOQUY_STORAGE_BYTES_MAX to what the streams may use; then start again, which creates the rest',
    { cause },
  )
}

/**
 * Refuses to create LOG where a dispatcher has read one: nats-server leaves out a stream whose files it cannot read, and says so only in
 * its own log. A new one would hide the loss of everything.
 */
async function refuseWithoutLog(kv: KV): Promise<void> {
  const [newest] = (await createCheckpoints(kv, 'dispatch').find(0)) ?? []
  if (newest === undefined || newest.seq === 0) return
  throw new ColloquyError(
    'log_missing',
    `NATS does not have the stream LOG, of which sequence ${newest.seq} was read here: its files are damaged, or it was deleted. `
      + 'Nothing was changed. Read the log of nats-server for the cause; repair its files, or restore a backup into another data folder',
  )
}

/** Opens a bucket that keeps the last value of every key. */
async function prepareBucket(nc: NatsConnection, jsm: JetStreamManager, bucket: string, replicas: number): Promise<KV> {
  const kv = await new Kvm(nc).create(bucket, { replicas, history: 1 })
  await jsm.streams.update(`KV_${bucket}`, BUCKET_LIMITS)
  return kv
}

function firstSeqOf(name: StreamName, { restore }: StreamOptions): { first_seq?: number } {
  const first = restore?.firstSeqs[name] ?? 1
  return first > 1 ? { first_seq: first } : {}
}

/** Key in the bucket during a restore, and after an interrupted one. Its value is the backup's folder. */
export const RESTORE_KEY = 'restore.under-way'

async function refuseUnfinishedRestore(kv: KV): Promise<void> {
  const entry = await entryOf(kv, RESTORE_KEY)
  if (entry === undefined) return
  throw new ColloquyError(
    'restore_unfinished',
    `a restore from ${entry.string()} is running here, or was interrupted; run "colloquy restore" again, which starts over`,
  )
}

async function find(jsm: JetStreamManager, name: StreamName): Promise<StreamInfo | undefined> {
  for await (const found of jsm.streams.names()) if (found === name) return jsm.streams.info(name)
  return undefined
}

function checkPartitions(inbox: StreamInfo, wanted: number): void {
  const existing = partitionsOf(inbox)
  if (existing === wanted) return
  throw new ColloquyError(
    'partitions_fixed',
    `the streams were made with ${existing} partitions, which cannot be changed; `
      + `set COLLOQUY_PARTITIONS=${existing}, or start with another COLLOQUY_DATA_DIR`,
  )
}

/** Saves the dispatcher's first checkpoints, if LOG never had a message. The dispatcher does not start a partition without one. */
async function firstCheckpoints(jsm: JetStreamManager, kv: KV, partitions: number): Promise<void> {
  const { created, state } = await streamInfo(jsm, 'LOG')
  if (state.last_seq > 0) return
  const checkpoints = createCheckpoints(kv, 'dispatch')
  await Promise.all(Array.from({ length: partitions }, (_, partition) => checkpoints.save(partition, [{ created, seq: 0, ts: '' }])))
}
