import { hash } from 'node:crypto'

/**
 * The subjects of the contract, built and taken apart in one place.
 *
 * Producers publish `in.<tenant>.<kind>.<id>`; the INBOX stream stores it as `inbox.<p>.<tenant>.<kind>.<id>`. What comes
 * from inside (`int.…`: task results, timers) is sourced into INBOX with one token more, `inbox.<p>.<tenant>.<kind>.<id>.int`,
 * which no publish to `in.*.*.*` can produce: the subject itself tells the two apart and cannot be forged. The same goes for what
 * one actor sends to another (`act.…`, `inbox.<p>.<tenant>.<kind>.<id>.act`).
 */
export interface Address {
  readonly tenant: string
  readonly kind: string
  readonly id: string
}

export const STREAMS = ['INBOX', 'LOG', 'OUT', 'TASKS', 'TIMERS', 'SENT', 'DEAD'] as const
export type StreamName = (typeof STREAMS)[number]

/** What a tenant, a kind or an id may look like. */
export const TOKEN = /^[A-Za-z0-9_-]{1,128}$/
/** What an emitted event's type may look like: tokens joined by dots, which stay dots in the OUT subject. */
export const EVENT_TYPE = /^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}$/

/** Stands in a LOG or DEAD subject for tokens that cannot be addressed; no kind may be called this. */
export const UNADDRESSABLE = '_'
/** Messages for this actor only move INBOX's sequence forward after a lost tail; hosts pass over them. */
export const FILLER: Address = { tenant: UNADDRESSABLE, kind: UNADDRESSABLE, id: 'filler' }

export const actorKey = (a: Address): string => `${a.tenant}/${a.kind}/${a.id}`

/** Reads `<tenant>/<kind>/<id>` or, with the default tenant, `<kind>/<id>`; `undefined` if it is neither. */
export function parseActorKey(text: string): Address | undefined {
  const parts = text.split('/')
  if (parts.length === 2) parts.unshift('default')
  const [tenant, kind, id] = parts
  if (parts.length !== 3 || tenant === undefined || kind === undefined || id === undefined) return undefined
  return isAddressable({ tenant, kind, id }) ? { tenant, kind, id } : undefined
}

export const isAddressable = (a: Address): boolean => TOKEN.test(a.tenant) && TOKEN.test(a.kind) && TOKEN.test(a.id)

/**
 * The `Nats-Msg-Id` of an input: its id is unique in its actor, JetStream's in the whole stream. Encoded, since a header is one trimmed line. With a
 * hash of what it says: one that was rejected, is mended and comes again under its id within JetStream's window must not be dropped for the first.
 */
export const messageIdOf = (a: Address, id: string, payload: Uint8Array | string): string =>
  `${actorKey(a)}/${encodeURI(id)}/${hash('sha1', payload, 'base64url').slice(0, 12)}`

const path = (a: Address): string => `${a.tenant}.${a.kind}.${a.id}`

export const inputSubject = (a: Address): string => `in.${path(a)}`
/** What an actor sends to this one, which SENT hands on to INBOX. */
export const actorSubject = (a: Address): string => `act.${path(a)}`
export const internalSubject = (a: Address): string => `int.${path(a)}`
export const logSubject = (partition: number, a: Address): string => `log.${partition}.${path(a)}`
export const outSubject = (a: Address, type: string): string => `out.${path(a)}.${type}`
export const taskSubject = (name: string, a: Address): string => `task.${name}.${path(a)}`
/** The one schedule of an actor. */
export const wakeUpSubject = (a: Address): string => `timer.${path(a)}`
export const deadSubject = (reason: string, a: Address): string => `dead.${reason}.${path(a)}`
/** Core NATS, not stored: tells whoever runs a task that its result is no longer wanted. */
export const abortSubject = (run: string): string => `abort.${run}`
/** Core NATS, not stored: asks a process that has a memory for whoever has none. */
export const SEARCH_SUBJECT = 'colloquy.search'

/** `internal` came through `int.` and `actor` through `act.`, which producers may not publish to. */
export type Origin = 'producer' | 'actor' | 'internal'
const ORIGINS: ReadonlyMap<string | undefined, Origin> = new Map([['int', 'internal'], ['act', 'actor']])

export interface InboxSubject {
  readonly partition: number
  readonly address: Address
  readonly origin: Origin
  /** False where a token is not of the grammar; the address then has `_` for kind and id. */
  readonly addressable: boolean
}

/**
 * Takes a subject as INBOX stores it apart. A subject with wildcards (`in.a.b.*`) is acknowledged but stored
 * untransformed; it belongs to partition 0.
 */
export function parseInboxSubject(subject: string): InboxSubject {
  const tokens = subject.split('.')
  const transformed = tokens[0] === 'inbox'
  const [tenant = '', kind = '', id = ''] = tokens.slice(transformed ? 2 : 1)
  const partition = transformed ? Number(tokens[1]) : 0
  const origin = transformed ? ORIGINS.get(tokens[5]) ?? 'producer' : 'producer'
  const address = { tenant, kind, id }
  if (transformed && (isAddressable(address) || isFiller(address))) return { partition, address, origin, addressable: true }
  const bad = { tenant: TOKEN.test(tenant) ? tenant : UNADDRESSABLE, kind: UNADDRESSABLE, id: UNADDRESSABLE }
  return { partition, address: bad, origin, addressable: false }
}

/** The subject that a message in INBOX was published to; what an actor sent is told as the input that it is. */
export const publishedSubject = ({ origin }: InboxSubject, stored: string): string =>
  stored.startsWith('inbox.') ? `${origin === 'internal' ? 'int' : 'in'}.${stored.split('.').slice(2, 5).join('.')}` : stored

export const isFiller = (a: Address): boolean => a.tenant === FILLER.tenant && a.kind === FILLER.kind && a.id === FILLER.id

/** Takes `log.<p>.<tenant>.<kind>.<id>` apart. */
export function parseLogSubject(subject: string): { partition: number; address: Address } {
  const [, partition = '', tenant = '', kind = '', id = ''] = subject.split('.')
  return { partition: Number(partition), address: { tenant, kind, id } }
}

/**
 * The partition that nats-server's `{{partition(n,1,2,3)}}` gives the three tokens: FNV-1a, 32 bits, over the tokens
 * written together (nats-server, `getHashPartition`). A test holds it against the server.
 */
export function partitionOf(a: Address, partitions: number): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(`${a.tenant}${a.kind}${a.id}`)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash % partitions
}
