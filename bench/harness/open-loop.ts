import { setTimeout as delay } from 'node:timers/promises'

const TICK_MS = 1

/**
 * Open loop: calls `send` for the first, the second… input when it is due by the rate, whatever has become of those before it. What
 * could not be sent in time is sent as soon as it can, with the time at which it was due.
 *
 * @returns when the first was due
 */
export async function openLoop(
  { rate, count, signal }: { readonly rate: number; readonly count?: number; readonly signal?: AbortSignal }, send: (dueAtMs: number, index: number) => void,
): Promise<number> {
  const begunMs = performance.now()
  for (let sent = 0; sent < (count ?? Infinity) && signal?.aborted !== true;) {
    const due = Math.min(count ?? Infinity, Math.floor((performance.now() - begunMs) / 1_000 * rate) + 1)
    for (; sent < due; sent++) send(begunMs + sent / rate * 1_000, sent)
    await delay(TICK_MS)
  }
  return begunMs
}
