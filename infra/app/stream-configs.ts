import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  StoreCompression,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import { EVENTS_CONSUMER } from '../../schemas/client-access.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { OUT_SUBJECTS, PRODUCER_SUBJECTS, type StreamName } from '../../schemas/subjects.ts'

/** What the configuration of the streams depends on. */
export interface StreamSizes {
  readonly partitions: number
  readonly replicas: number
  /** Disk bytes for all streams together. */
  readonly storageBytesMax: number
  readonly outKeepHours: number
  /** How long a stream recognises a message id; default 120,000. */
  readonly duplicateWindowMs?: number | undefined
}

/** Room for headers and JetStream's own fields, so that an INBOX message fits into DEAD with the headers of a dead letter. */
const HEADER_BYTES_MAX = 64 * 1024
const DUPLICATE_WINDOW_MS = 120_000

/**
 * Each stream's share of the disk; a little is left for buckets. INBOX must be full first: LOG then still
 * has room for the records of all inputs in INBOX.
 */
const SHARE: Readonly<Record<StreamName, number>> = {
  INBOX: 0.12,
  LOG: 0.55,
  OUT: 0.12,
  TASKS: 0.04,
  TIMERS: 0.06,
  SENT: 0.02,
  DEAD: 0.06,
  REMOVED: 0.005,
}

/** The bytes for all streams together with which LOG was created. */
export const storageBytesOf = ({ config }: StreamInfo): number => Math.ceil(config.max_bytes / SHARE.LOG)

const transform = (partitions: number, suffix: string): string =>
  `inbox.{{partition(${partitions},1,2,3)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}${suffix}`

/** A source of INBOX: the messages of another stream, under subjects that no producer can publish to. */
const sourced = (name: StreamName, way: string, partitions: number) => ({
  name,
  subject_transforms: [{ src: `${way}.*.*.*`, dest: transform(partitions, `.${way}`) }],
})

/** What no stream has unless its own configuration says so. Set at every start, so that nothing that was changed by hand stays. */
const NO_OTHER_LIMIT = {
  max_msgs: -1,
  max_msgs_per_subject: -1,
  max_msg_size: -1,
  max_age: 0,
  discard: DiscardPolicy.Old,
  discard_new_per_subject: false,
  no_ack: false,
  allow_rollup_hdrs: false,
  republish: undefined,
  subject_transform: undefined,
} as const

/** Limits of a bucket: it keeps the last value of every key. */
export const BUCKET_LIMITS = { max_msgs: -1, max_bytes: -1, max_age: 0, max_msgs_per_subject: 1, republish: undefined } as const

export type NamedConfig = Partial<StreamConfig> & { readonly name: StreamName }

/** The streams of Colloquy. */
export function streamConfigs(sizes: StreamSizes, payloadBytesMax: number): NamedConfig[] {
  const base = (name: StreamName) => ({
    name,
    ...NO_OTHER_LIMIT,
    storage: StorageType.File,
    num_replicas: sizes.replicas,
    allow_direct: true,
    max_bytes: Math.floor(sizes.storageBytesMax * SHARE[name]),
    duplicate_window: nanos(sizes.duplicateWindowMs ?? DUPLICATE_WINDOW_MS),
  })
  return [
    // Schedules have their own stream, because they need rollup headers: such a header from a producer would purge INBOX.
    { ...base('TIMERS'), subjects: ['timer.>', 'int.*.*.*'], allow_msg_schedules: true, allow_rollup_hdrs: true },
    // Messages between actors have their own stream, because a full TIMERS drops its oldest schedules instead of refusing messages.
    { ...base('SENT'), subjects: ['act.*.*.*'], discard: DiscardPolicy.New },
    {
      ...base('INBOX'),
      subjects: [PRODUCER_SUBJECTS],
      subject_transform: { src: PRODUCER_SUBJECTS, dest: transform(sizes.partitions, '') },
      sources: [sourced('TIMERS', 'int', sizes.partitions), sourced('SENT', 'act', sizes.partitions)],
      discard: DiscardPolicy.New,
      max_msg_size: payloadBytesMax - HEADER_BYTES_MAX,
    },
    {
      ...base('LOG'),
      subjects: ['log.>'],
      discard: DiscardPolicy.New,
      // No compression in a cluster: nats-server 2.15 fails to truncate a compressed block when a replica restarts (decision 26).
      compression: sizes.replicas === 1 ? StoreCompression.S2 : StoreCompression.None,
      max_msg_size: LIMITS.recordBytesMax + HEADER_BYTES_MAX,
    },
    { ...base('OUT'), subjects: [OUT_SUBJECTS], max_age: nanos(sizes.outKeepHours * 3_600_000) },
    { ...base('TASKS'), subjects: ['task.*.*.*.*'], retention: RetentionPolicy.Workqueue, discard: DiscardPolicy.New },
    { ...base('DEAD'), subjects: ['dead.>'] },
    // One small message for each range of LOG sequences that is gone; kept for ever.
    { ...base('REMOVED'), subjects: ['removed.*'], discard: DiscardPolicy.New },
  ]
}

const ACK_WAIT_MS = 30_000

/**
 * The consumer of OUT for clients. It is durable and never ends: a reader that comes back finds what it missed, as long as OUT keeps it.
 * Its bounds hold for all of its readers together.
 */
export const EVENTS_CONSUMER_CONFIG = {
  durable_name: EVENTS_CONSUMER,
  description: 'events for clients without rights; see docs/operations.md',
  deliver_policy: DeliverPolicy.All,
  ack_policy: AckPolicy.Explicit,
  ack_wait: nanos(ACK_WAIT_MS),
  /** Delivered events without an acknowledgement: no more are delivered until one is acknowledged or its `ack_wait` is over. */
  max_ack_pending: 1_000,
  /** Without end: OUT's retention removes an event that nobody acknowledges. */
  max_deliver: -1,
  /** Pull requests that wait. */
  max_waiting: 512,
  /** Events of one pull request. */
  max_batch: 1_000,
  /** How long a pull request may wait: a vanished client's request ends then. */
  max_expires: nanos(60_000),
} as const satisfies Partial<ConsumerConfig>
