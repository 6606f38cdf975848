import { setTimeout as delay } from 'node:timers/promises'

const TICK_MS = 1

/**
 * Open loop: calls `send` at the times that the rate gives, and does not wait for the answers to earlier inputs. After a delay it sends the
 * overdue inputs at once, each with the time at which it was due.
 *
 * @returns when the first input was due
 */
export async function openLoop(
  { rate, count, signal }: { readonly rate: number; readonly count?: number; readonly signal?: AbortSignal },
  send: (dueAtMs: number, index: number) => void,
): Promise<number> {
  const startedMs = performance.now()
  for (let sent = 0; sent < (count ?? Infinity) && signal?.aborted !== true;) {
    const due = Math.min(count ?? Infinity, Math.floor(((performance.now() - startedMs) / 1_000) * rate) + 1)
    for (; sent < due; sent++) send(startedMs + (sent / rate) * 1_000, sent)
    await delay(TICK_MS)
  }
  return startedMs
}
