import { hash } from 'node:crypto'

/**
 * Identifies an actor. This file builds and parses all subjects of the contract.
 *
 * Producers publish to `in.<tenant>.<kind>.<id>`; INBOX stores that as `inbox.<p>.<tenant>.<kind>.<id>`. Internal messages (`int.…`: task
 * results, timers) are sourced into INBOX with one more token, `inbox.<p>.<tenant>.<kind>.<id>.int`, which no publish to `in.*.*.*` can
 * produce. The subject itself therefore tells the two apart and cannot be forged. Events from one actor to another work the same way
 * (`act.…`, `inbox.<p>.<tenant>.<kind>.<id>.act`).
 */
export interface Address {
  readonly tenant: string
  readonly kind: string
  readonly id: string
}

/** The streams of the contract. */
export const STREAMS = ['INBOX', 'LOG', 'OUT', 'TASKS', 'TIMERS', 'SENT', 'DEAD', 'REMOVED'] as const
export type StreamName = (typeof STREAMS)[number]

/** The form of a tenant, a kind or an id. */
export const TOKEN = /^[A-Za-z0-9_-]{1,128}$/
/** The form of an emitted event's type: tokens joined by dots. Each becomes a token of the OUT subject. */
export const EVENT_TYPE = /^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}$/

/** Stands in LOG and DEAD subjects for invalid tokens. No kind may have this name. */
export const UNADDRESSABLE = '_'
/** Messages to this actor only advance INBOX's sequence after the stream was truncated; hosts skip them. */
export const FILLER: Address = { tenant: UNADDRESSABLE, kind: UNADDRESSABLE, id: 'filler' }

/** `<tenant>/<kind>/<id>` */
export const actorKey = (a: Address): string => `${a.tenant}/${a.kind}/${a.id}`

/** Parses `<tenant>/<kind>/<id>` or, for the default tenant, `<kind>/<id>`; `undefined` where the text is neither. */
export function parseActorKey(text: string): Address | undefined {
  const parts = text.split('/')
  if (parts.length === 2) parts.unshift('default')
  const [tenant, kind, id] = parts
  if (parts.length !== 3 || tenant === undefined || kind === undefined || id === undefined) return undefined
  return isAddressable({ tenant, kind, id }) ? { tenant, kind, id } : undefined
}

const SOURCE_PREFIX = 'colloquy/'
/** The `source` of everything that an actor emits and sends. */
export const actorSource = (a: Address): string => `${SOURCE_PREFIX}${actorKey(a)}`
/** The actor of such a `source`; `undefined` for any other. Producers may use it, too. */
export const parseActorSource = (source: string): Address | undefined =>
  source.startsWith(SOURCE_PREFIX) ? parseActorKey(source.slice(SOURCE_PREFIX.length)) : undefined

/** Whether tenant, kind and id are valid tokens. */
export const isAddressable = (a: Address): boolean => TOKEN.test(a.tenant) && TOKEN.test(a.kind) && TOKEN.test(a.id)

/**
 * The `Nats-Msg-Id` of an input. An input's id is unique in its actor and source, a message id in the whole stream. The id is encoded,
 * since a header is one trimmed line. A hash of the payload is part of it: JetStream must not drop a corrected input with the id of a
 * rejected one, nor an input of another source with the same id.
 */
export const messageIdOf = (a: Address, id: string, payload: Uint8Array | string): string =>
  `${actorKey(a)}/${encodeURI(id)}/${hash('sha1', payload, 'base64url').slice(0, 12)}`

/** Producers publish to these subjects. */
export const PRODUCER_SUBJECTS = 'in.*.*.*'
/** The tenant of the cluster's own actors, to which no client may send. */
export const OWN_TENANT = 'colloquy'
export const OWN_SUBJECTS = `in.${OWN_TENANT}.>`
/** The events of all actors. */
export const OUT_SUBJECTS = 'out.>'
/** Core NATS, not stored: what an actor does before it has decided, such as a reply while it is written. */
export const LIVE_SUBJECTS = 'live.>'

const path = (a: Address): string => `${a.tenant}.${a.kind}.${a.id}`

export const inputSubject = (a: Address): string => `in.${path(a)}`
/** Events from another actor to this one; INBOX sources them from SENT. */
export const actorSubject = (a: Address): string => `act.${path(a)}`
export const internalSubject = (a: Address): string => `int.${path(a)}`
export const logSubject = (partition: number, a: Address): string => `log.${partition}.${path(a)}`
export const liveSubject = (a: Address): string => `live.${path(a)}`
export const outSubject = (a: Address, type: string): string => `out.${path(a)}.${type}`
/** All events of an actor. */
export const outSubjectsOf = (a: Address): string => `out.${path(a)}.>`
/** An actor's internal messages as INBOX stores them. */
export const internalInboxSubject = (a: Address): string => `inbox.*.${path(a)}.int`
export const taskSubject = (name: string, a: Address): string => `task.${name}.${path(a)}`
/** The runs of all tasks for the actors of a tenant. */
export const taskSubjectsOfTenant = (tenant: string): string => `task.*.${tenant}.*.*`
/** The runs of a task for all actors of a kind. */
export const taskSubjectsOf = (name: string, kind: string): string => `task.${name}.*.${kind}.*`
/** An actor's only schedule: its next wake-up. */
export const wakeUpSubject = (a: Address): string => `timer.${path(a)}`
export const deadSubject = (reason: string, a: Address): string => `dead.${reason}.${path(a)}`
/** All dead letters of a reason. */
export const deadSubjects = (reason: string): string => `dead.${reason}.>`
/** Core NATS, not stored: tells the runner of a task that the machine no longer needs the result. */
export const abortSubject = (run: string): string => `abort.${run}`
/** Core NATS, not stored: search requests from processes without a search index. */
export const SEARCH_SUBJECT = 'colloquy.search'
/** Core NATS: asks the trainer to train a set, `{tenant, set}`, whose trained object cannot be used. */
export const TRAIN_SUBJECT = 'colloquy.train'
/** Core NATS: asks a process with an embedding model for the vector of a question. */
export const VECTOR_SUBJECT = 'colloquy.vector'
/** Core NATS: asks a process with tables for a page of the recipients of an input to many actors. */
export const RECIPIENTS_SUBJECT = 'colloquy.recipients'
/** Core NATS: asks a process with tables for the cases that wait for a place at a desk. */
export const WAITING_CASES_SUBJECT = 'colloquy.waiting-cases'

/** The way by which a message came: `internal` through `int.`, `actor` through `act.`. Producers may not publish to these subjects. */
export type Origin = 'producer' | 'actor' | 'internal'
const ORIGINS: ReadonlyMap<string | undefined, Origin> = new Map([
  ['int', 'internal'],
  ['act', 'actor'],
])

/** A parsed subject of INBOX. */
export interface InboxSubject {
  readonly partition: number
  readonly address: Address
  readonly origin: Origin
  /** False where a token is invalid; the address then has `_` as kind and id. */
  readonly addressable: boolean
}

/**
 * Parses a subject as stored by INBOX. INBOX acknowledges a subject with wildcards (`in.a.b.*`) and stores it untransformed; it belongs to
 * partition 0.
 */
export function parseInboxSubject(subject: string): InboxSubject {
  const tokens = subject.split('.')
  const transformed = tokens[0] === 'inbox'
  const [tenant = '', kind = '', id = ''] = tokens.slice(transformed ? 2 : 1)
  const partition = transformed ? Number(tokens[1]) : 0
  const origin = transformed ? (ORIGINS.get(tokens[5]) ?? 'producer') : 'producer'
  const address = { tenant, kind, id }
  if (transformed && (isAddressable(address) || isFiller(address))) return { partition, address, origin, addressable: true }
  const bad = { tenant: TOKEN.test(tenant) ? tenant : UNADDRESSABLE, kind: UNADDRESSABLE, id: UNADDRESSABLE }
  return { partition, address: bad, origin, addressable: false }
}

/** The first token of the subjects that messages are published to, by the way by which they come. */
const PUBLISHED: Readonly<Record<Origin, string>> = { producer: 'in', actor: 'act', internal: 'int' }

/** The subject that a message in INBOX was published to. */
export const publishedSubject = ({ origin }: InboxSubject, stored: string): string =>
  stored.startsWith('inbox.') ? `${PUBLISHED[origin]}.${stored.split('.').slice(2, 5).join('.')}` : stored

/** The way by which a message came, from the subject that it was published to. */
export const originOf = (subject: string): Origin =>
  subject.startsWith('int.') ? 'internal' : subject.startsWith('act.') ? 'actor' : 'producer'

/** Whether an address is the filler's. */
export const isFiller = (a: Address): boolean => a.tenant === FILLER.tenant && a.kind === FILLER.kind && a.id === FILLER.id

/** Parses `log.<p>.<tenant>.<kind>.<id>`. */
export function parseLogSubject(subject: string): { partition: number; address: Address } {
  const [, partition = '', tenant = '', kind = '', id = ''] = subject.split('.')
  return { partition: Number(partition), address: { tenant, kind, id } }
}

/**
 * The partition that nats-server's `{{partition(n,1,2,3)}}` assigns to the three tokens: FNV-1a with 32 bits over their concatenation
 * (nats-server, `getHashPartition`). Tokens are ASCII. A test compares it with the server.
 */
export function partitionOf(a: Address, partitions: number): number {
  let hash = 0x811c9dc5
  for (const token of [a.tenant, a.kind, a.id]) {
    for (let i = 0; i < token.length; i++) hash = Math.imul(hash ^ token.charCodeAt(i), 0x01000193)
  }
  return (hash >>> 0) % partitions
}
