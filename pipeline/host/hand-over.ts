import type { LogRecord } from '../../schemas/record.ts'
import type { Address } from '../../schemas/subjects.ts'

/** A record that LOG has acknowledged to the host that appended it. */
export interface Appended {
  readonly seq: number
  readonly subject: string
  readonly partition: number
  readonly address: Address
  readonly record: LogRecord
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
  /** Adds a run of the dispatcher. @returns a function that removes it */
  connect(take: TakeAppended): () => void
}

export function createHandOver(): HandOver {
  const takers = new Set<TakeAppended>()
  return {
    offer(appended) {
      for (const take of takers) if (take(appended)) return
    },
    connect(take) {
      takers.add(take)
      return () => void takers.delete(take)
    },
  }
}
