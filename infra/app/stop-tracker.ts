/** Knows which parts of a system are being stopped, so that a stop that takes too long can say what it waits for. */
export interface StopTracker {
  /** The function that stops a part, with its name. */
  named(name: string, stop: () => Promise<void> | void): () => Promise<void>
  /** The parts whose stop has begun and not ended. */
  stopping(): readonly string[]
}

export function createStopTracker(): StopTracker {
  const current = new Set<string>()
  return {
    named: (name, stop) => async () => {
      current.add(name)
      try {
        await stop()
      } finally {
        current.delete(name)
      }
    },
    stopping: () => [...current],
  }
}
