import { type KindCall, readSlot } from './call-slot.ts'

export interface WatchdogOptions {
  /** The memory of the watched thread. */
  readonly memory: SharedArrayBuffer
  /** Longest decision; after it `onOverrun` is called once. */
  readonly callMsMax: number
  /** Bytes by which the memory of the process may grow during one decision; checked like the time. */
  readonly growthBytesMax: number
  readonly onSlow: (call: KindCall, ms: number) => void
  /** The watched thread must end: `what` says what the decision did. */
  readonly onOverrun: (call: KindCall, what: string) => void
  /** Called with each reading while the event loop of the thread has not turned for `SLOW_MS`. */
  readonly onSilent?: (ms: number) => void
  /** The event loop turns again. */
  readonly onAnswer?: () => void
}

/** Watches one thread from outside. */
export interface Watchdog {
  /** The decision that has lasted longer than `SLOW_MS`. */
  slow(): KindCall | undefined
  /** How long the event loop of the thread has not turned, in milliseconds. */
  silentMs(): number
  stop(): void
}

/** A decision takes microseconds; after this time it is logged. */
export const SLOW_MS = 1_000
const POLL_MS = 100

/**
 * Reads the slot of a thread ten times a second. It counts only the time in which it ran itself, so that a machine that slept, or a process
 * that was paused, blames no decision.
 */
export function startWatchdog({ memory, callMsMax, growthBytesMax, onSlow, onOverrun, onSilent, onAnswer }: WatchdogOptions): Watchdog {
  let known = readSlot(memory)
  let lastMs = performance.now()
  let callMs = 0
  let silentMs = 0
  // A call may be under way already.
  let rssBytes = process.memoryUsage.rss()
  let isReported = false
  let isOver = false

  const poll = (): void => {
    const nowMs = performance.now()
    const passedMs = Math.min(nowMs - lastMs, 2 * POLL_MS)
    lastMs = nowMs
    const before = known
    known = readSlot(memory)
    const wasSilent = silentMs >= SLOW_MS
    // The first beat says that the thread has started.
    silentMs = known.beats === before.beats && known.beats > 0 ? silentMs + passedMs : 0
    if (silentMs >= SLOW_MS) onSilent?.(Math.round(silentMs))
    else if (wasSilent) onAnswer?.()
    const { call } = known
    if (call === undefined || known.count !== before.count) {
      callMs = 0
      isReported = false
      isOver = false
      rssBytes = process.memoryUsage.rss()
      return
    }
    callMs += passedMs
    if (!isReported && callMs >= SLOW_MS) {
      isReported = true
      onSlow(call, Math.round(callMs))
    }
    if (isOver) return
    const grownBytes = process.memoryUsage.rss() - rssBytes
    if (callMs >= callMsMax) {
      isOver = true
      onOverrun(call, `did not return within ${secondsText(callMsMax)}`)
    } else if (grownBytes > growthBytesMax) {
      isOver = true
      onOverrun(call, `allocated more than ${Math.round(growthBytesMax / MIB)} MiB`)
    }
  }
  const timer = setInterval(poll, POLL_MS)
  return {
    slow: () => (callMs >= SLOW_MS ? known.call : undefined),
    silentMs: () => Math.round(silentMs),
    stop: () => clearInterval(timer),
  }
}

const MIB = 1024 * 1024

export const secondsText = (ms: number): string => `${Number((ms / 1_000).toFixed(1))} s`
