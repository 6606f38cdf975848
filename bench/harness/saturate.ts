import type { BenchPublisher } from './bench-publisher.ts'
import type { Watch } from './counter-watch.ts'

/** Where inputs go and how their records are counted. */
export interface Target {
  send(): void
  readonly publisher: BenchPublisher
  /** Rises by one with every record. */
  readonly records: Watch
}

export interface Saturated {
  readonly firstAtMs: number
  /** When the last one was acknowledged. */
  readonly lastAtMs: number
  readonly sent: number
}

/**
 * Inputs that may be ahead of their records: enough that nobody ever waits for the publisher, and so few that what is measured is
 * not how fast a backlog is published.
 */
const BACKLOG_MAX = 5_000
/** Of a run so short that it would be all that is measured. */
const SHORT_BACKLOG_MAX = 1_000
const SHORT_MS = 2_000
/** How far a run of so long may be ahead. */
export const backlogMaxOf = (forMs: number): number => (forMs < SHORT_MS ? SHORT_BACKLOG_MAX : BACKLOG_MAX)
/** Sent before anybody else gets a turn of the event loop. */
const BURST = 64

/** Publishes as fast as INBOX and the records allow, for so long, or so many. */
export async function saturate(
  { send, publisher, records }: Target, { forMs = Infinity, count = Infinity }: { forMs?: number; count?: number },
): Promise<Saturated> {
  const recordedBefore = records.value
  const backlogMax = backlogMaxOf(forMs)
  const firstAtMs = performance.now()
  let sent = 0
  while (sent < count && performance.now() - firstAtMs < forMs) {
    if (publisher.isFull) await publisher.room()
    else if (sent - (records.value - recordedBefore) >= backlogMax) await records.next()
    else for (let burst = 0; burst < BURST && sent < count && !publisher.isFull; burst++, sent++) send()
  }
  await publisher.settled()
  return { firstAtMs, lastAtMs: performance.now(), sent }
}
