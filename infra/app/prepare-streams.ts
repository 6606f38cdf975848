import {
  DiscardPolicy, RetentionPolicy, StorageType, StoreCompression, type JetStreamManager, type StreamConfig, type StreamInfo,
} from '@nats-io/jetstream'
import { Kvm, type KV } from '@nats-io/kv'
import { nanos, type NatsConnection } from '@nats-io/transport-node'
import { isJetStreamError } from '../../pipeline/jetstream/jetstream-codes.ts'
import { streamInfo } from '../../pipeline/jetstream/stream-info.ts'
import { entryOf } from '../../pipeline/jetstream/typed-kv.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { StreamName } from '../../schemas/subjects.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'

export interface StreamOptions {
  readonly partitions: number
  readonly replicas: number
  /** Disk for all streams together. */
  readonly storageBytesMax: number
  readonly outKeepHours: number
  /** For a restore: the sequences that new streams begin with (default 1), and streams may be made while it is under way. */
  readonly restore?: { readonly firstSeqs: Readonly<Partial<Record<StreamName, number>>> }
}

/** The bucket of what the cluster must agree on beside the log: readers' checkpoints and the kinds that are in use. */
export const BUCKET = 'colloquy'

/** The bucket of a system that runs. */
export const openBucket = (nc: NatsConnection): Promise<KV> => new Kvm(nc).open(BUCKET)

/** Headers and JetStream's own fields; an INBOX message must still fit into DEAD with what is added there. */
const HEADER_BYTES_MAX = 64 * 1024
const DUPLICATE_WINDOW_MS = 120_000

/** How the disk is shared out; a little is left for buckets. INBOX fills up first, while LOG still has room for what INBOX holds. */
const SHARE: Readonly<Record<StreamName, number>> = { INBOX: 0.12, LOG: 0.55, OUT: 0.12, TASKS: 0.04, TIMERS: 0.06, SENT: 0.02, DEAD: 0.06 }

const transform = (partitions: number, suffix: string): string =>
  `inbox.{{partition(${partitions},1,2,3)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}${suffix}`

/** What INBOX takes over from another stream, under subjects that no producer can publish to. */
const sourced = (name: StreamName, way: string, partitions: number) =>
  ({ name, subject_transforms: [{ src: `${way}.*.*.*`, dest: transform(partitions, `.${way}`) }] })

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
    // A stream of its own for schedules: they force rollup headers to be allowed, and one of those from a producer would wipe INBOX.
    { ...base('TIMERS'), subjects: ['timer.>', 'int.*.*.*'], allow_msg_schedules: true, allow_rollup_hdrs: true },
    // Of its own as well: TIMERS cannot refuse what it has no room for, and would drop its oldest schedules instead.
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
      // Not in a cluster: nats-server 2.15 cannot cut a compressed block, which it does whenever a replica starts again (decision 26).
      ...base('LOG'), subjects: ['log.>'], compression: options.replicas === 1 ? StoreCompression.S2 : StoreCompression.None, discard: DiscardPolicy.New,
      max_msg_size: LIMITS.recordBytesMax + HEADER_BYTES_MAX,
    },
    { ...base('OUT'), subjects: ['out.>'], max_age: nanos(options.outKeepHours * 3_600_000) },
    { ...base('TASKS'), subjects: ['task.*.*.*.*'], retention: RetentionPolicy.Workqueue, discard: DiscardPolicy.New },
    { ...base('DEAD'), subjects: ['dead.>'] },
  ]
}

/**
 * Makes the streams and the bucket, or brings those that are there up to date. May be run again at any time.
 *
 * @throws ColloquyError `partitions_fixed` where the streams were made with another number of partitions, `restore_unfinished` where
 * a restore was cut off.
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
    await bringUpToDate(jsm, config, existing)
  }
  await firstCheckpoints(jsm, kv, options.partitions)
  return kv
}

function firstSeqOf(name: StreamName, { restore }: StreamOptions): { first_seq?: number } {
  const first = restore?.firstSeqs[name] ?? 1
  return first > 1 ? { first_seq: first } : {}
}

/** In the bucket while a restore is under way, and after one that was cut off. */
export const RESTORE_KEY = 'restore.under-way'

async function refuseUnfinishedRestore(kv: KV): Promise<void> {
  const entry = await entryOf(kv, RESTORE_KEY)
  if (entry === undefined) return
  throw new ColloquyError('restore_unfinished', `a restore from ${entry.string()} is under way here, or was cut off; run "colloquy restore" again, which begins anew`)
}

async function add(jsm: JetStreamManager, config: Config): Promise<void> {
  try {
    await jsm.streams.add(config)
  } catch (cause) {
    if (!isJetStreamError(cause, 'insufficientStorage')) throw cause
    throw new ColloquyError('insufficient_storage', `NATS has no ${config.max_bytes} bytes for the stream ${config.name}; set COLLOQUY_STORAGE_BYTES_MAX to what all streams together may use there`, { cause })
  }
}

/** A stream keeps the size that it has where another one would be too much: others may have been given what is left. */
async function bringUpToDate(jsm: JetStreamManager, config: Config, existing: StreamInfo): Promise<void> {
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

/** How many partitions the streams were made with. */
export const partitionsOf = (inbox: StreamInfo): number => Number(/partition\((\d+),/.exec(inbox.config.subject_transform?.dest ?? '')?.[1])

function checkPartitions(inbox: StreamInfo, wanted: number): void {
  const made = partitionsOf(inbox)
  if (made === wanted) return
  throw new ColloquyError('partitions_fixed', `the streams were made with ${made} partitions, which cannot be changed; set COLLOQUY_PARTITIONS=${made}, or start with another COLLOQUY_DATA_DIR`)
}

/** The dispatcher goes on where a checkpoint says and nowhere else; only a log that never held anything may be without. */
async function firstCheckpoints(jsm: JetStreamManager, kv: KV, partitions: number): Promise<void> {
  const { created, state } = await streamInfo(jsm, 'LOG')
  if (state.last_seq > 0) return
  const checkpoints = createCheckpoints(kv, 'dispatch')
  await Promise.all(Array.from({ length: partitions }, (_, partition) => checkpoints.save(partition, [{ created, seq: 0, ts: '' }])))
}
