import { setImmediate as turn } from 'node:timers/promises'

/**
 * Creates a queue for pieces of computation that arrive together. A caller that awaits its place may compute at once; after `msMax`
 * milliseconds of such work the next one waits for a turn of the event loop, in which results leave and messages arrive.
 */
export function createEventLoopTurns(msMax: number): () => Promise<void> {
  let last = Promise.resolve()
  let turnedMs = -Infinity
  const take = async (): Promise<void> => {
    if (performance.now() - turnedMs < msMax) return
    await turn()
    turnedMs = performance.now()
  }
  return () => (last = last.then(take))
}
