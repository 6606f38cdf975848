import type { Logger } from 'pino'
import { codeOf } from '../../schemas/errors.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { type PeriodicJob, periodicJob } from '../runtime/periodic-job.ts'
import type { JetStreamContext } from './connection.ts'
import { newestSourced, SOURCED_STREAMS, sourcedAt, type SourcedMessage, type SourcedStream } from './sourcing.ts'
import { streamInfo } from './stream-info.ts'

export interface SourcingWatchdogOptions {
  readonly jetstream: JetStreamContext
  readonly log: Logger
  readonly metrics: Metrics
  readonly everyMs: number
}

/** An INBOX fuller than this stops sourcing by design. */
const FULL_SHARE = 0.95
/** A new leader is checked only after this time. */
const REST_MS = 30_000

/** A message that INBOX had not sourced at a check. */
interface Waiting {
  readonly message: SourcedMessage
  /** The lag that INBOX reported. */
  readonly lag: number
  readonly isStuck: boolean
}

/**
 * Watches that INBOX keeps sourcing from other streams: task results, wake-ups, and what actors send to each other. In a cluster
 * nats-server 2.15 can stop sourcing after the death of a server, until INBOX has another leader. When a message waits and INBOX made no
 * progress between two checks, the watchdog forces a leader step-down.
 */
export function startSourcingWatchdog({ jetstream, log, metrics, everyMs }: SourcingWatchdogOptions): PeriodicJob {
  let before: readonly (Waiting | undefined)[] = []
  /** @returns whether it forced a step-down */
  const check = async (): Promise<boolean> => {
    const now = await Promise.all(SOURCED_STREAMS.map((one, index) => waitingOf(jetstream, one, before[index])))
    before = now
    const stuck = SOURCED_STREAMS.flatMap(({ stream }, index) => (now[index]?.isStuck === true ? [stream] : []))
    if (stuck.length === 0) return false
    const { cluster, config, state } = await streamInfo(jetstream.jsm, 'INBOX')
    const isFull = config.max_bytes > 0 && state.bytes > config.max_bytes * FULL_SHARE
    if (isFull || (cluster?.replicas ?? []).length === 0) return false
    for (const stream of stuck) metrics.sourcingStuck.inc({ stream })
    log.warn({ stuck, leader: cluster?.leader }, `INBOX stopped sourcing from ${stuck.join(' and ')}; forcing a leader step-down`)
    before = []
    await jetstream.nc.request(`${jetstream.jsm.getOptions().apiPrefix ?? '$JS.API'}.STREAM.LEADER.STEPDOWN.INBOX`)
    return true
  }
  return periodicJob(everyMs, async () => {
    const isNew = await check().catch((error: unknown) => {
      before = []
      log.debug({ code: codeOf(error), err: error }, 'could not check the sourcing of INBOX; retrying')
      return false
    })
    return isNew ? REST_MS : everyMs
  })
}

/** Stuck: the message waited at the last check, still waits, and the lag of INBOX has not shrunk. */
async function waitingOf(jetstream: JetStreamContext, one: SourcedStream, before: Waiting | undefined): Promise<Waiting | undefined> {
  const waitsStill = before !== undefined && (await sourcedAt(jetstream, one, before.message)) === undefined
  const message = waitsStill ? before.message : await newestSourced(jetstream, one)
  if (message === undefined || (!waitsStill && (await sourcedAt(jetstream, one, message)) !== undefined)) return undefined
  const { sources = [] } = await streamInfo(jetstream.jsm, 'INBOX')
  const lag = sources.find(({ name }) => name === one.stream)?.lag ?? 0
  return { message, lag, isStuck: waitsStill && lag >= before.lag }
}
