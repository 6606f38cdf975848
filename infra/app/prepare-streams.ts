import {
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  StoreCompression,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { nanos, type NatsConnection } from '@nats-io/transport-node'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import { isJetStreamError } from '../../pipeline/jetstream/jetstream-codes.ts'
import { partitionsOf, streamInfo } from '../../pipeline/jetstream/stream-info.ts'
import { entryOf } from '../../pipeline/jetstream/typed-kv.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { StreamName } from '../../schemas/subjects.ts'

/** The configuration of the streams. */
export interface StreamOptions {
  readonly partitions: number
  readonly replicas: number
  /** Disk bytes for all streams together. */
  readonly storageBytesMax: number
  readonly outKeepHours: number
  /** For a restore: the first sequences of new streams (default 1). Without it, an unfinished restore refuses the start. */
  readonly restore?: { readonly firstSeqs: Readonly<Partial<Record<StreamName, number>>> }
}

/** The bucket of the cluster's state beside the log: checkpoints, registered kinds, locks. */
export const BUCKET = 'colloquy'

/** Opens the bucket of a running system. */
export const openBucket = (nc: NatsConnection): Promise<KV> => new Kvm(nc).open(BUCKET)

/** Room for headers and JetStream's own fields, so that an INBOX message fits into DEAD with the headers of a dead letter. */
const HEADER_BYTES_MAX = 64 * 1024
const DUPLICATE_WINDOW_MS = 120_000

/**
 * Each stream's share of the disk; a little is left for buckets. INBOX must be full first: LOG then still
 * has room for the records of all inputs in INBOX.
 */
const SHARE: Readonly<Record<StreamName, number>> = { INBOX: 0.12, LOG: 0.55, OUT: 0.12, TASKS: 0.04, TIMERS: 0.06, SENT: 0.02, DEAD: 0.06 }

const transform = (partitions: number, suffix: string): string =>
  `inbox.{{partition(${partitions},1,2,3)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}${suffix}`

/** A source of INBOX: the messages of another stream, under subjects that no producer can publish to. */
const sourced = (name: StreamName, way: string, partitions: number) => ({
  name,
  subject_transforms: [{ src: `${way}.*.*.*`, dest: transform(partitions, `.${way}`) }],
})

type Config = Partial<StreamConfig> & { readonly name: StreamName }

function configs(options: StreamOptions, payloadBytesMax: number): Config[] {
  const base = (name: StreamName) => ({
    name,
    storage: StorageType.File,
    num_replicas: options.replicas,
    allow_direct: true,
    max_bytes: Math.floor(options.storageBytesMax * SHARE[name]),
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  })
  return [
    // Schedules have their own stream, because they need rollup headers: such a header from a producer would purge INBOX.
    { ...base('TIMERS'), subjects: ['timer.>', 'int.*.*.*'], allow_msg_schedules: true, allow_rollup_hdrs: true },
    // Messages between actors have their own stream, because a full TIMERS drops its oldest schedules instead of refusing messages.
    { ...base('SENT'), subjects: ['act.*.*.*'], discard: DiscardPolicy.New },
    {
      ...base('INBOX'),
      subjects: ['in.*.*.*'],
      subject_transform: { src: 'in.*.*.*', dest: transform(options.partitions, '') },
      sources: [sourced('TIMERS', 'int', options.partitions), sourced('SENT', 'act', options.partitions)],
      discard: DiscardPolicy.New,
      max_msg_size: payloadBytesMax - HEADER_BYTES_MAX,
    },
    {
      ...base('LOG'),
      subjects: ['log.>'],
      discard: DiscardPolicy.New,
      // No compression in a cluster: nats-server 2.15 fails to truncate a compressed block when a replica restarts (decision 26).
      compression: options.replicas === 1 ? StoreCompression.S2 : StoreCompression.None,
      max_msg_size: LIMITS.recordBytesMax + HEADER_BYTES_MAX,
    },
    { ...base('OUT'), subjects: ['out.>'], max_age: nanos(options.outKeepHours * 3_600_000) },
    { ...base('TASKS'), subjects: ['task.*.*.*.*'], retention: RetentionPolicy.Workqueue, discard: DiscardPolicy.New },
    { ...base('DEAD'), subjects: ['dead.>'] },
  ]
}

/**
 * Creates the streams and the bucket, or updates existing ones. Repeating it is harmless.
 *
 * @throws ColloquyError `partitions_fixed` if the streams have another number of partitions; `restore_unfinished` after an interrupted
 * restore; `insufficient_storage`.
 */
export async function prepareStreams(nc: NatsConnection, jsm: JetStreamManager, options: StreamOptions): Promise<KV> {
  const kv = await new Kvm(nc).create(BUCKET, { replicas: options.replicas, history: 1 })
  if (options.restore === undefined) await refuseUnfinishedRestore(kv)
  for (const config of configs(options, nc.info?.max_payload ?? 1024 * 1024)) {
    const existing = await find(jsm, config.name)
    if (existing === undefined) {
      await add(jsm, { ...config, ...firstSeqOf(config.name, options) })
      continue
    }
    if (config.name === 'INBOX') checkPartitions(existing, options.partitions)
    await updateStream(jsm, config, existing)
  }
  await firstCheckpoints(jsm, kv, options.partitions)
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

async function add(jsm: JetStreamManager, config: Config): Promise<void> {
  try {
    await jsm.streams.add(config)
  } catch (cause) {
    if (!isJetStreamError(cause, 'insufficientStorage')) throw cause
    throw new ColloquyError(
      'insufficient_storage',
      `NATS has no ${config.max_bytes} bytes for the stream ${config.name}; `
        + 'set COLLOQUY_STORAGE_BYTES_MAX to the bytes that all streams together may use there',
      { cause },
    )
  }
}

/** Updates a stream. It keeps its size if the server lacks the storage for a new one. */
async function updateStream(jsm: JetStreamManager, config: Config, existing: StreamInfo): Promise<void> {
  const { name, retention: _retention, storage: _storage, ...changeable } = config
  try {
    await jsm.streams.update(name, changeable)
  } catch (error) {
    if (!isJetStreamError(error, 'insufficientStorage')) throw error
    await jsm.streams.update(name, { ...changeable, max_bytes: existing.config.max_bytes })
  }
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
