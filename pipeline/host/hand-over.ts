import type { LogEntry } from '../jetstream/log-message.ts'

/** A record that LOG has acknowledged to the host that appended it. */
export interface Appended extends LogEntry {
  readonly subject: string
  /** Size of its message. */
  readonly bytes: number
  /** The last sequence of its subject before it; 0 for the first. */
  readonly after: number
}

/** Takes a record, or leaves it to be read from LOG. @returns whether it was taken */
export type TakeAppended = (appended: Appended) => boolean

/**
 * Brings records from a host to the dispatcher of the same thread, as the objects that the host has in its hands. It saves reading them:
 * what no run takes here, a dispatcher reads from LOG.
 */
export interface HandOver {
  offer(appended: Appended): void
  /** Whether a host of this thread appends the records of the partition, and so is about to offer them. */
  isHosted(partition: number): boolean
  /** Adds a run of the host. @returns a function that removes it */
  addHost(hosts: (partition: number) => boolean): () => void
  /** Adds a run of the dispatcher. @returns a function that removes it */
  addDispatcher(take: TakeAppended): () => void
}

export function createHandOver(): HandOver {
  const hosts = new Set<(partition: number) => boolean>()
  const dispatchers = new Set<TakeAppended>()
  const add = <T>(all: Set<T>, one: T): (() => void) => {
    all.add(one)
    return () => void all.delete(one)
  }
  return {
    offer(appended) {
      for (const take of dispatchers) if (take(appended)) return
    },
    isHosted: (partition) => hosts.values().some((isOf) => isOf(partition)),
    addHost: (isOf) => add(hosts, isOf),
    addDispatcher: (take) => add(dispatchers, take),
  }
}
