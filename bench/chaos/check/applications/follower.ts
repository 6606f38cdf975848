import type { LogRecord } from '../../../../schemas/record.ts'
import type { LoggedRecord } from '../chaos-history.ts'
import type { ReportFinding } from '../findings.ts'

/** Follows the actors of an application, and checks what its users would count as lost, doubled or wrong. */
export interface Follower {
  /** Names of its kinds. */
  readonly kinds: readonly string[]
  /** Checks the next committed record of one of these kinds. */
  take(entry: LoggedRecord): void
  /** Must be called after the last record. @param readAtMs when the history was read; epoch milliseconds */
  finish(readAtMs: number): void
}

export type CreateFollower = (report: ReportFinding) => Follower

/** How late a timer may be; epoch milliseconds before the history was read. */
export const GRACE_MS = 5_000

export const kindIn = (actor: string): string => actor.split('/')[1] ?? ''
export const idIn = (actor: string): string => actor.split('/')[2] ?? ''

/** Emitted events of a type, by their data. */
export const emittedOf = (record: LogRecord, type: string): LogRecord['emitted'][number]['data'][] =>
  record.emitted.filter((event) => event.type === type).map(({ data }) => data)

/** The value of a key, made where there is none. */
export function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
