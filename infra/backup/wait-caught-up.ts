import type { KV } from '@nats-io/kv'
import { dispatchedSeqOfAll } from '../../pipeline/dispatcher/dispatched-seq.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import {
  combineProgress,
  isCaughtUp,
  NOTHING_DONE,
  partitionsOwned,
  pollUntilCaughtUp,
  progressTo,
  type StageProgress,
} from '../../pipeline/runtime/stage-progress.ts'
import { askStatus } from '../app/status-service.ts'

/** Max time that a backup waits for a stage that lags. */
const WAIT_MS_MAX = 10_000
const POLL_MS = 50

/** Waits until all inputs up to an INBOX sequence have records, for at most `WAIT_MS_MAX`. Returns whether they do. */
export async function waitUntilDecided(
  jetstream: JetStreamContext,
  inboxSeq: number,
  partitions: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { isCaughtUp: isDecided } = await waitUntilAt(inboxSeq, async () => (await hostProgress(jetstream, partitions)).position, signal)
  return isDecided
}

/** The progress that the hosts report. Position 0 while a partition has no host. */
async function hostProgress({ nc }: JetStreamContext, partitions: number): Promise<StageProgress> {
  const hosts = (await askStatus(nc)).flatMap(({ stages }) => stages.host ?? [])
  return partitionsOwned(hosts) < partitions ? NOTHING_DONE : combineProgress(hosts)
}

/**
 * Waits until the dispatcher's checkpoints have reached a LOG sequence, for at most `WAIT_MS_MAX`. Returns the sequence they have reached.
 */
export async function waitUntilDispatched(kv: KV, logSeq: number, partitions: number, signal: AbortSignal): Promise<number> {
  const checkpoints = createCheckpoints(kv, 'dispatch')
  const { position } = await waitUntilAt(logSeq, () => dispatchedSeqOfAll(checkpoints, partitions), signal)
  return Math.min(position, logSeq)
}

/** Waits for a position only, not for all messages: the system keeps running. */
const waitUntilAt = (target: number, positionNow: () => Promise<number>, signal: AbortSignal) =>
  pollUntilCaughtUp(
    async () => {
      const progress = progressTo(target, await positionNow())
      return { isCaughtUp: isCaughtUp(progress), position: progress.position }
    },
    { everyMs: POLL_MS, timeoutMs: WAIT_MS_MAX, signal },
  )
