import type { KV } from '@nats-io/kv'
import { dispatchedSeqOfAll } from '../../pipeline/dispatcher/dispatched-seq.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import {
  combineProgress, isCaughtUp, NOTHING_DONE, partitionsOwned, pollUntilCaughtUp, progressTo, type StageProgress,
} from '../../pipeline/runtime/stage-progress.ts'
import { askStatus } from '../app/status-service.ts'

/** How long a backup waits for stages that are behind, each time. */
const WAIT_MS_MAX = 10_000
const POLL_MS = 50

/** Whether every input of INBOX up to a sequence has its record; waits for it, for a bounded time. */
export async function waitUntilDecided(jetstream: JetStreamContext, inboxSeq: number, partitions: number, signal: AbortSignal): Promise<boolean> {
  const { isCaughtUp: isDecided } = await waitUntilAt(inboxSeq, async () => (await hostProgress(jetstream, partitions)).position, signal)
  return isDecided
}

/** As the hosts say; nothing is done while a partition has none. */
async function hostProgress({ nc }: JetStreamContext, partitions: number): Promise<StageProgress> {
  const hosts = (await askStatus(nc)).flatMap(({ stages }) => stages.host ?? [])
  return partitionsOwned(hosts) < partitions ? NOTHING_DONE : combineProgress(hosts)
}

/** LOG sequence up to which everything is carried out and written down as such, after waiting for a bounded time for it to be `logSeq`. */
export async function waitUntilDispatched(kv: KV, logSeq: number, partitions: number, signal: AbortSignal): Promise<number> {
  const checkpoints = createCheckpoints(kv, 'dispatch')
  const { position } = await waitUntilAt(logSeq, () => dispatchedSeqOfAll(checkpoints, partitions), signal)
  return Math.min(position, logSeq)
}

/** What lies behind the target is not waited for: the system goes on working. */
const waitUntilAt = (target: number, positionNow: () => Promise<number>, signal: AbortSignal) => pollUntilCaughtUp(async () => {
  const progress = progressTo(target, await positionNow())
  return { isCaughtUp: isCaughtUp(progress), position: progress.position }
}, { everyMs: POLL_MS, timeoutMs: WAIT_MS_MAX, signal })
