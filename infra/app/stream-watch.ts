import { isDeepStrictEqual } from 'node:util'
import type { ConsumerInfo, JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { isJetStreamError } from '../../pipeline/jetstream/jetstream-codes.ts'
import { streamInfo } from '../../pipeline/jetstream/stream-info.ts'
import { typedKey } from '../../pipeline/jetstream/typed-kv.ts'
import type { Metrics } from '../../pipeline/runtime/metrics.ts'
import { type PeriodicJob, periodicJob } from '../../pipeline/runtime/periodic-job.ts'
import { EVENTS_CONSUMER } from '../../schemas/client-access.ts'
import { messageOf } from '../../schemas/errors.ts'
import { EVENTS_CONSUMER_CONFIG } from './stream-configs.ts'

/** What decides which messages a stream takes, keeps and passes on. A change of any of it by hand may lose messages. */
const GUARDED = [
  'subjects',
  'max_msgs',
  'max_msgs_per_subject',
  'max_msg_size',
  'max_bytes',
  'max_age',
  'discard',
  'discard_new_per_subject',
  'duplicate_window',
  'no_ack',
  'allow_rollup_hdrs',
  'allow_direct',
  'subject_transform',
  'sources',
  'republish',
  'sealed',
  'deny_delete',
  'deny_purge',
] as const satisfies readonly (keyof StreamConfig)[]

const limitsSchema = z.record(z.string(), z.record(z.string(), z.unknown()))
type Limits = z.infer<typeof limitsSchema>

/** The limits that the newest start has set. All processes restore these, so that two with different settings do not undo each other. */
const stored = (kv: KV) => typedKey<Limits>(kv, 'streams.limits', limitsSchema)

/** Saves the limits as the server has them after a start. */
export async function saveLimits(kv: KV, infos: readonly StreamInfo[]): Promise<void> {
  await stored(kv).put(Object.fromEntries(infos.map(({ config }) => [config.name, guardedOf(config)])))
}

/** As JSON has it, with `null` for what the configuration lacks. */
const guardedOf = (config: StreamConfig): Record<string, unknown> =>
  z
    .record(z.string(), z.unknown())
    .parse(JSON.parse(JSON.stringify(Object.fromEntries(GUARDED.map((name) => [name, config[name] ?? null])))))

/** Creates the consumer of OUT for clients, or sets its bounds. @returns whether it had others, or was missing */
export async function prepareEventsConsumer({ consumers }: JetStreamManager): Promise<'created' | 'changed' | undefined> {
  const existing = await consumers.info('OUT', EVENTS_CONSUMER).catch((error: unknown): undefined => {
    if (!isJetStreamError(error, 'consumerNotFound')) throw error
  })
  if (existing === undefined) {
    await consumers.add('OUT', EVENTS_CONSUMER_CONFIG)
    return 'created'
  }
  if (!isChanged(existing)) return undefined
  const { durable_name: _name, deliver_policy: _policy, ack_policy: _acks, ...bounds } = EVENTS_CONSUMER_CONFIG
  await consumers.update('OUT', EVENTS_CONSUMER, bounds)
  return 'changed'
}

const isChanged = ({ config }: ConsumerInfo): boolean =>
  Object.entries(EVENTS_CONSUMER_CONFIG).some(
    ([name, value]) => !isDeepStrictEqual(Object.entries(config).find(([own]) => own === name)?.[1], value),
  )

export interface StreamWatchDeps {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly metrics: Metrics
  readonly log: Logger
}

/** Interval of the checks. */
export const STREAM_CHECK_MS = 10_000

/** Restores the limits of the streams, the buckets and the consumer for clients when somebody changes them while the system runs. */
export function startStreamWatch(deps: StreamWatchDeps, everyMs: number): PeriodicJob {
  return periodicJob(everyMs, async () => {
    try {
      await checkStreams(deps)
    } catch (error) {
      // NATS is away; the next check repeats this one.
      deps.log.debug({ err: messageOf(error) }, 'could not check the limits of the streams; retrying')
    }
    return everyMs
  })
}

async function checkStreams({ jetstream: { jsm }, kv, metrics, log }: StreamWatchDeps): Promise<void> {
  const saved = await stored(kv).get()
  for (const [stream, wanted] of Object.entries(saved?.value ?? {})) {
    const has = guardedOf((await streamInfo(jsm, stream)).config)
    const changed = Object.keys(wanted).filter((name) => !isDeepStrictEqual(has[name], wanted[name]))
    if (changed.length === 0) continue
    const change = Object.fromEntries(changed.map((name) => [name, { was: wanted[name], found: has[name] }]))
    try {
      await jsm.streams.update(stream, Object.fromEntries(changed.map((name) => [name, wanted[name] ?? undefined])))
      metrics.streamLimits.inc({ stream, end: 'restored' })
      log.warn({ stream, change }, 'somebody has changed the limits of a stream; restored them')
    } catch (error) {
      metrics.streamLimits.inc({ stream, end: 'failed' })
      log.error({ stream, change, err: messageOf(error) }, 'somebody has changed the limits of a stream, and NATS refuses to restore them')
    }
  }
  const consumer = await prepareEventsConsumer(jsm)
  if (consumer === undefined) return
  metrics.streamLimits.inc({ stream: 'OUT', end: 'restored' })
  log.warn(
    { consumer: EVENTS_CONSUMER },
    consumer === 'created'
      ? 'somebody has deleted the consumer for clients; created it again, which gives its readers all events of OUT once more'
      : 'somebody has changed the consumer for clients; restored its bounds',
  )
}
