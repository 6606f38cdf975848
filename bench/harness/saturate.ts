import type { BenchPublisher } from './bench-publisher.ts'
import type { CounterWatch } from './counter-watch.ts'
import { CAUGHT_UP_MS_MAX, waitFor } from './in-time.ts'

/** Sends inputs and counts their records. */
export interface Target {
  send(): void
  readonly publisher: BenchPublisher
  /** Rises by one per record. */
  readonly records: CounterWatch
}

export interface Saturated {
  readonly firstAtMs: number
  /** When the last input was acknowledged. */
  readonly lastAtMs: number
  readonly sent: number
}

/**
 * Max inputs without a record. It is so high that no stage waits for the publisher, and so low that the run does not measure how fast the
 * publisher fills a backlog.
 */
const BACKLOG_MAX = 5_000
/** The same for short runs, which would consist of nothing but the larger backlog. */
const SHORT_BACKLOG_MAX = 1_000
const SHORT_MS = 2_000
/** Maximum inputs without a record in a run of this length. */
export const backlogMaxOf = (forMs: number): number => (forMs < SHORT_MS ? SHORT_BACKLOG_MAX : BACKLOG_MAX)
/** Inputs sent in one turn of the event loop. */
const BURST = 64

/** Publishes as fast as acknowledgements and records come back, until the time or the count is reached. */
export async function saturate(
  { send, publisher, records }: Target,
  { forMs = Infinity, count = Infinity }: { forMs?: number; count?: number },
): Promise<Saturated> {
  const recordedBefore = records.value
  const backlogMax = backlogMaxOf(forMs)
  const firstAtMs = performance.now()
  let sent = 0
  while (sent < count && performance.now() - firstAtMs < forMs) {
    if (publisher.isFull) await waitFor(publisher.whenAvailable(), CAUGHT_UP_MS_MAX, () => `no more of ${sent} inputs are acknowledged`)
    else if (sent - (records.value - recordedBefore) >= backlogMax) {
      await records.reached(recordedBefore + sent - backlogMax + 1, CAUGHT_UP_MS_MAX)
    } else for (let burst = 0; burst < BURST && sent < count && !publisher.isFull; burst++, sent++) send()
  }
  await publisher.settled()
  return { firstAtMs, lastAtMs: performance.now(), sent }
}
