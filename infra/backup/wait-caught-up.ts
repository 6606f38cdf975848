import type { KV } from '@nats-io/kv'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'
import { askStatus } from '../app/status-service.ts'

/** How long a backup waits for stages that are behind, each time. */
const WAIT_MS_MAX = 10_000

/** Whether every input of INBOX up to a sequence has its record; waits for it, for a bounded time. */
export const waitUntilDecided = (jetstream: JetStreamContext, inboxSeq: number, partitions: number, signal: AbortSignal): Promise<boolean> =>
  patiently(async () => await decidedTo(jetstream, partitions) >= inboxSeq, signal)

/** As the hosts say; 0 where a partition has none. */
async function decidedTo(jetstream: JetStreamContext, partitions: number): Promise<number> {
  const hosts = (await askStatus(jetstream.nc)).flatMap(({ stages }) => stages.host ?? []).filter((host) => host.partitions?.length !== 0)
  const owned = hosts.reduce((sum, host) => sum + (host.partitions?.length ?? 0), 0)
  return owned < partitions ? 0 : Math.min(...hosts.map(({ position }) => position))
}

/** LOG sequence up to which everything is carried out and written down as such, after waiting for a bounded time for it to be `logSeq`. */
export async function waitUntilDispatched(kv: KV, logSeq: number, partitions: number, signal: AbortSignal): Promise<number> {
  const checkpoints = createCheckpoints(kv, 'dispatch')
  const dispatched = async (): Promise<number> => {
    const rings = await Promise.all(Array.from({ length: partitions }, (_, partition) => checkpoints.load(partition)))
    return Math.min(...rings.map(([newest]) => newest?.seq ?? 0))
  }
  const isThere = await patiently(async () => await dispatched() >= logSeq, signal)
  return isThere ? logSeq : dispatched()
}

function patiently(isThere: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  const begunMs = performance.now()
  return pollUntil(async () => {
    if (await isThere()) return true
    return performance.now() - begunMs > WAIT_MS_MAX ? false : undefined
  }, { signal })
}
