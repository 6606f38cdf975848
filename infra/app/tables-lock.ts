import type { KV } from '@nats-io/kv'
import { compareAndSet, entryOf } from '../../pipeline/jetstream/typed-kv.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'

/** How often a holder says that it is still at work, and after how long a silent one is taken to be dead. */
const HEARTBEAT_MS = 5_000
const HEARTBEAT_TIMEOUT_MS = 30_000

/**
 * Does something that only one process of the cluster may do at a time; others wait. One that dies while it does it is followed by
 * the next after half a minute: what is done must bear being begun again.
 */
export async function withLock<T>(kv: KV, name: string, work: () => Promise<T>): Promise<T> {
  const key = `lock.${name}`
  let revision = await acquire(kv, key)
  let beating = Promise.resolve()
  const beat = setInterval(() => {
    beating = kv.update(key, '', revision).then((updated) => { revision = updated }, () => undefined)
  }, HEARTBEAT_MS)
  try {
    return await work()
  } finally {
    clearInterval(beat)
    await beating
    // Of somebody else by now, if we were silent for too long.
    await kv.delete(key, { previousSeq: revision }).catch(() => undefined)
  }
}

function acquire(kv: KV, key: string): Promise<number> {
  let seen = { revision: -1, since: 0 }
  return pollUntil(async () => {
    const entry = await entryOf(kv, key)
    if (entry === undefined) return compareAndSet(kv, key, '', undefined)
    // By our own clock alone: those of two machines may differ.
    if (entry.revision !== seen.revision) seen = { revision: entry.revision, since: performance.now() }
    return performance.now() - seen.since < HEARTBEAT_TIMEOUT_MS ? undefined : compareAndSet(kv, key, '', entry.revision)
  })
}
