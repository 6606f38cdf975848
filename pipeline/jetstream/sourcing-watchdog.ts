import type { Logger } from 'pino'
import { codeOf } from '../../schemas/errors.ts'
import type { JetStreamContext } from './connection.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { periodicJob, type PeriodicJob } from '../runtime/periodic-job.ts'
import { SOURCED_STREAMS, newestSourced, sourcedAt, type SourcedMessage, type SourcedStream } from './sourcing.ts'
import { streamInfo } from './stream-info.ts'

export interface SourcingWatchdogOptions {
  readonly jetstream: JetStreamContext
  readonly log: Logger
  readonly metrics: Metrics
  readonly everyMs: number
}

/** An INBOX that is as full as this takes nothing over, in all order. */
const FULL_SHARE = 0.95
/** A new leader is given so much time before it is looked at. */
const REST_MS = 30_000

/** What INBOX had not taken over at a look. */
interface Waiting {
  readonly message: SourcedMessage
  /** Messages that INBOX was behind, by its own word. */
  readonly lag: number
  readonly isStuck: boolean
}

/**
 * Sees to it that INBOX goes on taking over what other streams have for it: results of tasks, alarms, and what actors send to each other.
 * In a cluster nats-server 2.15 was seen to stop that after the death of a server, for as long as INBOX had the same leader. One that came no
 * further between two looks, though there was something, is given another leader, which begins anew.
 */
export function startSourcingWatchdog({ jetstream, log, metrics, everyMs }: SourcingWatchdogOptions): PeriodicJob {
  let before: readonly (Waiting | undefined)[] = []
  /** @returns whether INBOX was given another leader */
  const look = async (): Promise<boolean> => {
    const now = await Promise.all(SOURCED_STREAMS.map((one, index) => waitingOf(jetstream, one, before[index])))
    before = now
    const stuck = SOURCED_STREAMS.flatMap(({ stream }, index) => (now[index]?.isStuck === true ? [stream] : []))
    if (stuck.length === 0) return false
    const { cluster, config, state } = await streamInfo(jetstream.jsm, 'INBOX')
    const isFull = config.max_bytes > 0 && state.bytes > config.max_bytes * FULL_SHARE
    if (isFull || (cluster?.replicas ?? []).length === 0) return false
    for (const stream of stuck) metrics.sourcingStuck.inc({ stream })
    log.warn({ stuck, leader: cluster?.leader }, 'INBOX takes nothing over from other streams any more; it is given another leader')
    before = []
    await jetstream.nc.request(`${jetstream.jsm.getOptions().apiPrefix ?? '$JS.API'}.STREAM.LEADER.STEPDOWN.INBOX`)
    return true
  }
  return periodicJob(everyMs, async () => {
    const isNew = await look().catch((error: unknown) => {
      before = []
      log.debug({ code: codeOf(error), err: error }, 'nobody could tell what INBOX takes over; it is looked at again')
      return false
    })
    return isNew ? REST_MS : everyMs
  })
}

/** Stuck is what waited at the last look, still does, and INBOX is no less behind than it was. */
async function waitingOf(jetstream: JetStreamContext, one: SourcedStream, before: Waiting | undefined): Promise<Waiting | undefined> {
  const waitsStill = before !== undefined && await sourcedAt(jetstream, one, before.message) === undefined
  const message = waitsStill ? before.message : await newestSourced(jetstream, one)
  if (message === undefined || (!waitsStill && await sourcedAt(jetstream, one, message) !== undefined)) return undefined
  const { sources = [] } = await streamInfo(jetstream.jsm, 'INBOX')
  const lag = sources.find(({ name }) => name === one.stream)?.lag ?? 0
  return { message, lag, isStuck: waitsStill && lag >= before.lag }
}
