import type { Logger } from 'pino'

/** A task run that may be blocking the event loop. */
export interface WatchedRun {
  readonly kind: string
  readonly task: string
  readonly run: string
}

/**
 * Logs tasks that block the event loop. All stages of a process share it: while a task computes, no actor of the process continues, and
 * nothing can interrupt the task. The warning therefore appears after the block.
 */
export interface EventLoopWatchdog {
  /** Registers a run until the returned function is called. */
  enter(run: WatchedRun): () => void
  /** Calls a task up to its first `await`; a block during the call is attributed to this run. */
  call<T>(run: WatchedRun, work: () => T): T
  /** Stops the heartbeat. */
  stop(): void
}

export interface EventLoopWatchdogOptions {
  readonly log: Logger
  /** A monotonic clock in milliseconds. */
  readonly now: () => number
  /** Min duration of a block that is logged. */
  readonly blockedMsMin: number
}

const HEARTBEAT_MS = 200
/** Max runs that are listed if several may have caused the block. */
const NAMED_MAX = 8
const ADVICE =
  'a task blocked the event loop and delayed everything in its process: '
  + 'make it await, or move the computation to a worker thread or another process'

/** Starts a watchdog. It checks the event loop every 200 ms. */
export function createEventLoopWatchdog({ log, now, blockedMsMin }: EventLoopWatchdogOptions): EventLoopWatchdog {
  const running = new Set<WatchedRun>()
  let last = now()
  const checkBlock = (): void => {
    const blockedMs = Math.round(now() - last - HEARTBEAT_MS)
    last = now()
    if (blockedMs < blockedMsMin || running.size === 0) return
    const [first, ...more] = running
    if (more.length === 0) log.warn({ ...first, blockedMs }, ADVICE)
    else log.warn({ blockedMs, oneOf: [...running].slice(0, NAMED_MAX), underWay: running.size }, ADVICE)
  }
  const timer = setInterval(checkBlock, HEARTBEAT_MS).unref()
  return {
    enter(run) {
      running.add(run)
      return () => void running.delete(run)
    },
    call(run, work) {
      const startedMs = now()
      try {
        return work()
      } finally {
        const blockedMs = Math.round(now() - startedMs)
        if (blockedMs >= blockedMsMin) {
          log.warn({ ...run, blockedMs }, ADVICE)
          // This block is logged; the next heartbeat must not count it again.
          last = now()
        }
      }
    },
    stop: () => clearInterval(timer),
  }
}
