import type { Logger } from 'pino'

/** A run that may be computing at this moment. */
export interface WatchedRun {
  readonly kind: string
  readonly task: string
  readonly run: string
}

/**
 * Names tasks that block the event loop. They share it with every stage of their process: while one computes, no actor goes on, and
 * nothing can interrupt it. All of it is in the log afterwards.
 */
export interface EventLoopWatchdog {
  /** The run counts as under way until the returned function is called. */
  enter(run: WatchedRun): () => void
  /** Calls a task, up to its first `await`: what blocks there is known for certain. */
  call<T>(run: WatchedRun, work: () => T): T
  stop(): void
}

export interface EventLoopWatchdogOptions {
  readonly log: Logger
  /** Milliseconds, rising. */
  readonly now: () => number
  /** A shorter stretch is not worth a line. */
  readonly blockedMsMin: number
}

const HEARTBEAT_MS = 200
/** Runs that are named where it may have been any of them. */
const NAMED_MAX = 8
const ADVICE = 'a task blocked the event loop, and whatever shares its thread waited: let it await, or compute in a worker thread or a process of its own'

export function createEventLoopWatchdog({ log, now, blockedMsMin }: EventLoopWatchdogOptions): EventLoopWatchdog {
  const underWay = new Set<WatchedRun>()
  let last = now()
  const beat = (): void => {
    const blockedMs = Math.round(now() - last - HEARTBEAT_MS)
    last = now()
    if (blockedMs < blockedMsMin || underWay.size === 0) return
    const [first, ...more] = underWay
    if (more.length === 0) log.warn({ ...first, blockedMs }, ADVICE)
    else log.warn({ blockedMs, oneOf: [...underWay].slice(0, NAMED_MAX), underWay: underWay.size }, ADVICE)
  }
  const timer = setInterval(beat, HEARTBEAT_MS).unref()
  return {
    enter(run) {
      underWay.add(run)
      return () => void underWay.delete(run)
    },
    call(run, work) {
      const begun = now()
      try {
        return work()
      } finally {
        const blockedMs = Math.round(now() - begun)
        if (blockedMs >= blockedMsMin) {
          log.warn({ ...run, blockedMs }, ADVICE)
          // It has been told; the next beat need not guess.
          last = now()
        }
      }
    },
    stop: () => clearInterval(timer),
  }
}
