/**
 * What the users without a password (`analyst`) may do with a table or view:
 *
 * - `shown`: lists show it, and it may be read;
 * - `behind`: lists do not show it. It may be read, because a view that reads it does so with the rights of who asks;
 * - `closed`: lists do not show it, and it may not be read.
 *
 * The embedded ClickHouse takes grants from its configuration only, before there are tables. Access therefore follows from the name and
 * from what it is: `createStatement` refuses a name that would get another access than its creator states.
 */
export type Access = 'shown' | 'behind' | 'closed'

/** What can be created. */
export type ObjectKind = 'TABLE' | 'VIEW' | 'MATERIALIZED VIEW'

/** Names of closed tables and views, as ClickHouse writes them in grants: a `*` at the end stands for any text. */
export const CLOSED_NAMES = ['memory_*', 'migrations'] as const

const isClosed = (name: string): boolean =>
  CLOSED_NAMES.some((closed) => (closed.endsWith('*') ? name.startsWith(closed.slice(0, -1)) : name === closed))

/** The access that analysts get to what has this name. */
export function accessOf(kind: ObjectKind, name: string): Access {
  if (isClosed(name)) return 'closed'
  return kind === 'VIEW' ? 'shown' : 'behind'
}
