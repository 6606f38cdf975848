import type { KV } from '@nats-io/kv'
import { compareAndSet, entryOf } from '../../pipeline/jetstream/typed-kv.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'

/** Interval of the holder's heartbeats, and the time without one after which it counts as dead. */
const HEARTBEAT_MS = 5_000
const HEARTBEAT_TIMEOUT_MS = 30_000

/**
 * Runs a function that only one process of the cluster may run at a time; others wait. If the holder dies, the next process follows after
 * `HEARTBEAT_TIMEOUT_MS`. The function must therefore be safe to repeat after an interruption.
 *
 * @param name of the lock, in the cluster's bucket.
 */
export async function withLock<T>(kv: KV, name: string, work: () => Promise<T>): Promise<T> {
  const key = `lock.${name}`
  let revision = await acquire(kv, key)
  let updating = Promise.resolve()
  const heartbeat = setInterval(() => {
    updating = kv.update(key, '', revision).then(
      (updated) => {
        revision = updated
      },
      () => undefined,
    )
  }, HEARTBEAT_MS)
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    await updating
    // Fails if another process has taken the lock over, because this one's heartbeats were late.
    await kv.delete(key, { previousSeq: revision }).catch(() => undefined)
  }
}

function acquire(kv: KV, key: string): Promise<number> {
  let observed = { revision: -1, sinceMs: 0 }
  return pollUntil(async () => {
    const entry = await entryOf(kv, key)
    if (entry === undefined) return compareAndSet(kv, key, '', undefined)
    // Uses the clock of this process only, because the clocks of two machines may differ.
    if (entry.revision !== observed.revision) observed = { revision: entry.revision, sinceMs: performance.now() }
    return performance.now() - observed.sinceMs < HEARTBEAT_TIMEOUT_MS ? undefined : compareAndSet(kv, key, '', entry.revision)
  })
}
