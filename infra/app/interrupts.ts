/** Somebody wants the process to end: Ctrl-C, a service manager, a terminal that closed. */
export interface Interrupts {
  /** Settles with the first signal. */
  readonly first: Promise<NodeJS.Signals>
  readonly given: boolean
  /** Gives the signals back to Node. */
  stop(): void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** npm passes on the Ctrl-C that the terminal gave us already: one press comes twice. */
const SAME_PRESS_MS = 500

/** @param onSecond called when somebody insists. */
export function watchInterrupts(onSecond: (signal: NodeJS.Signals) => void): Interrupts {
  const { promise: first, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let firstAt: number | undefined
  const take = (signal: NodeJS.Signals): void => {
    const now = performance.now()
    firstAt ??= now
    if (firstAt === now) resolve(signal)
    else if (now - firstAt > SAME_PRESS_MS) onSecond(signal)
  }
  for (const signal of SIGNALS) process.on(signal, take)
  return {
    first,
    get given() {
      return firstAt !== undefined
    },
    stop() {
      for (const signal of SIGNALS) process.off(signal, take)
    },
  }
}
