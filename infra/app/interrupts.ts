/** Signals that ask the process to stop: from Ctrl-C, a service manager, or a terminal that closed. */
export interface Interrupts {
  /** Resolves with the first signal. */
  readonly first: Promise<NodeJS.Signals>
  /** Whether a signal has arrived. */
  readonly received: boolean
  /** Restores Node's default handling of the signals. */
  stop(): void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Signals within this time count as one press, because npm forwards a Ctrl-C that the terminal has already sent to this process. */
const SAME_PRESS_MS = 500

/** Starts handling the signals. @param onSecond called for each further press: the user wants to stop at once. */
export function watchInterrupts(onSecond: (signal: NodeJS.Signals) => void): Interrupts {
  const { promise: first, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let firstAt: number | undefined
  const handle = (signal: NodeJS.Signals): void => {
    const now = performance.now()
    firstAt ??= now
    if (firstAt === now) resolve(signal)
    else if (now - firstAt > SAME_PRESS_MS) onSecond(signal)
  }
  for (const signal of SIGNALS) process.on(signal, handle)
  return {
    first,
    get received() {
      return firstAt !== undefined
    },
    stop() {
      for (const signal of SIGNALS) process.off(signal, handle)
    },
  }
}
