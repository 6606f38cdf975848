import type { Asked, LogRecord, PendingTimer } from './record.ts'

/**
 * How LOG stores a record. Form 1 is the record as JSON. Form 2 is JSON too, and can be read in part: its public fields come first, its
 * private fields last, beginning with `state`, and `privateAt` is the offset in bytes of the comma between them.
 *
 * ```
 * {"v":2,"privateAt":1204  ,"n":5,"at":"…",…,"state":{…},"since":{…},"seen":{…},"prev":"…","salt":"…"}
 * ```
 *
 * Form 2 leaves out what is empty or follows from other fields; `restorePublic` and `restorePrivate` say which. A form never changes. This
 * code reads both for ever, and writes the form that a record names in `v`.
 */
export type RecordForm = LogRecord['v']
/** The newest form that this code reads. */
export const RECORD_FORM = 2 satisfies RecordForm

/** The first bytes of a record of form 2; the offset follows, padded with blanks. */
const HEAD = Buffer.from('{"v":2,"privateAt":')
/** Digits of the offset. LOG refuses a message that would need more. */
const OFFSET_DIGITS = 6
const OFFSET_END = HEAD.length + OFFSET_DIGITS
const ANY_OFFSET = 10 ** OFFSET_DIGITS - 1
/** The beginning of the private part. */
const PRIVATE_HEAD = Buffer.from(',"state":')

/** The bytes of a record, as LOG stores them. */
export function encodeRecord(record: LogRecord): Uint8Array {
  if (record.v === 1) {
    const json = JSON.stringify(record)
    reserve(json.length * UTF8_BYTES_MAX)
    const start = used
    used += slab.write(json, start)
    return slab.subarray(start, used)
  }
  const publicJson = JSON.stringify(storedPublic(record))
  const privateJson = JSON.stringify(storedPrivate(record))
  reserve((publicJson.length + privateJson.length) * UTF8_BYTES_MAX)
  const start = used
  // The comma takes the place of the brace that ends the one and of the brace that begins the other.
  const privateAt = slab.write(publicJson, start) - 1
  used = start + privateAt + slab.write(privateJson, start + privateAt)
  slab[start + privateAt] = COMMA
  slab.write(String(privateAt).padEnd(OFFSET_DIGITS), start + HEAD.length, 'latin1')
  return slab.subarray(start, used)
}

/** Bytes of a UTF-16 unit in UTF-8. */
const UTF8_BYTES_MAX = 3
/** Records are written one after another into one buffer, which lives as long as one of them. */
const SLAB_BYTES = 64 * 1024
let slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
let used = 0

/** Makes room for as many bytes in the buffer. */
function reserve(bytesMax: number): void {
  if (slab.length - used >= bytesMax) return
  slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytesMax))
  used = 0
}
const COMMA = 0x2c

/** Where the private part of a message of LOG begins; `undefined` if it is no record of form 2, or its offset is wrong. */
export function privateOffset(data: Uint8Array): number | undefined {
  if (!hasAt(data, HEAD, 0)) return undefined
  let offset = 0
  for (let at = HEAD.length; at < OFFSET_END && data[at] !== BLANK; at += 1) offset = offset * 10 + (data[at] ?? 0) - ZERO
  return hasAt(data, PRIVATE_HEAD, offset) ? offset : undefined
}

const BLANK = 0x20
const ZERO = 0x30

function hasAt(data: Uint8Array, part: Uint8Array, start: number): boolean {
  for (let at = 0; at < part.length; at += 1) if (data[start + at] !== part[at]) return false
  return true
}

/** The form of a record that a newer Colloquy wrote; `undefined` for anything else. */
export function newerForm(value: unknown): number | undefined {
  if (!isObject(value)) return undefined
  const { v: form } = value
  return typeof form === 'number' && Number.isSafeInteger(form) && form > RECORD_FORM ? form : undefined
}

/** The record of a message of LOG that a plain JSON parser has read: either form. Not checked. */
export function restoreRecord(value: unknown): unknown {
  if (!isObject(value) || value['v'] !== 2) return value
  const restored = restorePublic(value)
  return { ...restored, ...restorePrivate(value, restored) }
}

/** Fields of JSON that are not checked yet. */
type Fields = Record<string, unknown>
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
const isEmpty = (value: object): boolean => {
  for (const _ in value) return false
  return true
}
const unlessEmpty = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list)

/** A record has the same fields in the same order, with `undefined` for absent ones: V8 builds and serialises that faster. */
function storedPublic(record: LogRecord): object {
  const { inbox, input, from, to, label } = record
  return {
    v: 2,
    privateAt: ANY_OFFSET,
    n: record.n,
    at: record.at,
    due: record.due,
    inbox,
    low: record.low,
    outcome: record.outcome === 'committed' ? undefined : record.outcome,
    reason: record.reason,
    error: record.error,
    subject: record.subject,
    payload: record.payload,
    machine: record.machine,
    input: input.time === inbox.ts ? { ...input, time: undefined } : input,
    from,
    to: to === from ? undefined : to,
    status: record.status === 'active' ? undefined : record.status,
    label: isEmpty(label) ? undefined : label,
    emitted: unlessEmpty(record.emitted),
    started: unlessEmpty(record.started),
    timers: unlessEmpty(record.timers),
    sent: record.sent,
    stopped: unlessEmpty(record.stopped),
    ended: unlessEmpty(record.ended),
    left: record.left,
    answered: record.answered?.map((one) => storedAsked(one, record)),
    resolves: record.resolves,
    case: storedCase(record),
  }
}

function storedCase(record: LogRecord): object {
  const { case: current } = record
  const { openedAt, firstAt, closed, messages, userMessages, botMessages, agentMessages, open, counts } = current
  const unless = <T>(value: T, implied: T): T | undefined => (value === implied ? undefined : value)
  return {
    ...current,
    openedAt: unless(openedAt, firstAt),
    closed: unless(closed, false),
    messages: unless(messages, counts?.messages ?? 0),
    userMessages: unless(userMessages, counts?.userMessages ?? 0),
    botMessages: unless(botMessages, counts?.botMessages ?? 0),
    agentMessages: unless(agentMessages, counts?.agentMessages ?? 0),
    open: open?.map((one) => storedAsked(one, record)),
  }
}

const storedAsked = (asked: Asked, { at, inbox }: LogRecord): object => ({
  ...asked,
  at: asked.at === inbox.ts ? undefined : asked.at,
  committedAt: asked.committedAt === at ? undefined : asked.committedAt,
})

function storedPrivate({ state, since, seen, prev, salt, timers }: LogRecord): object {
  return {
    state: state && {
      ...state,
      history: isEmpty(state.history) ? undefined : state.history,
      tasks: isEmpty(state.tasks) ? undefined : state.tasks,
      timers: storedTimers(state.timers, timers),
    },
    since,
    seen: { ids: seen.ids, sources: unlessEmpty(seen.sources) },
    prev,
    salt,
  }
}

/**
 * A timer that the record itself sets has its event and time in the public part. The others stay as they are: V8 takes long to list names
 * that no other object has.
 */
function storedTimers(pending: Readonly<Record<string, PendingTimer>>, set: LogRecord['timers']): object | undefined {
  if (set.length === 0) return isEmpty(pending) ? undefined : pending
  const stored: Record<string, object> = { ...pending }
  for (const { run, event: type, at } of set) {
    const timer = pending[run]
    if (timer === undefined) continue
    const { event, sendId } = timer
    stored[run] = {
      ...timer,
      event: event.type === type && Object.keys(event).length === 1 ? undefined : event,
      sendId: sendId === type ? undefined : sendId,
      at: timer.at === at ? undefined : timer.at,
    }
  }
  return stored
}

/** Totals of an actor, which are left out where they equal the counts of the case: in its first case. */
const TOTALS = ['messages', 'userMessages', 'botMessages', 'agentMessages'] as const
/** For fields that are left out because they are empty. */
const NONE: readonly never[] = Object.freeze([])

/**
 * The public part of a record of form 2, with the fields that it leaves out. Changes objects inside `value`, which the caller has just
 * parsed.
 *
 * @param value JSON of unknown content; what is wrong in it stays wrong
 */
export function restorePublic(value: unknown): Fields {
  const fields: Fields = isObject(value) ? value : {}
  const { at, inbox, input, from, answered, case: current } = fields
  const ts = isObject(inbox) ? inbox['ts'] : undefined
  if (isObject(input)) restore(input, 'time', ts)
  restoreAsked(answered, ts, at)
  if (isObject(current)) restoreCase(current, ts, at)
  const { outcome = 'committed', to = from, status = 'active', label = {} } = fields
  const { emitted = NONE, started = NONE, timers = NONE, stopped = NONE, ended = NONE } = fields
  const { v, n, due, low, reason, error, subject, payload, machine, sent, left, resolves } = fields
  // As `PublicRecord`; all records have one shape, whatever they leave out.
  return {
    v,
    n,
    at,
    due,
    inbox,
    low,
    outcome,
    reason,
    error,
    subject,
    payload,
    machine,
    input,
    from,
    to,
    status,
    label,
    emitted,
    started,
    timers,
    sent,
    stopped,
    ended,
    left,
    answered,
    resolves,
    case: current,
  }
}

function restoreCase(current: Fields, ts: unknown, at: unknown): void {
  const counts = isObject(current['counts']) ? current['counts'] : undefined
  restore(current, 'openedAt', current['firstAt'])
  restore(current, 'closed', false)
  for (const name of TOTALS) restore(current, name, counts?.[name] ?? 0)
  restoreAsked(current['open'], ts, at)
}

/** The private part of a record of form 2, as `restorePublic` does it. @param record the record's public part */
export function restorePrivate(value: unknown, { timers: set }: { readonly timers?: unknown }): Fields {
  const { state, since, seen, prev, salt }: Fields = isObject(value) ? value : {}
  if (isObject(seen)) restore(seen, 'sources', NONE)
  if (isObject(state)) {
    restore(state, 'history', {})
    restore(state, 'tasks', {})
    restore(state, 'timers', {})
    if (Array.isArray(set)) for (const own of set) restoreTimer(state['timers'], own)
  }
  return { state, since, seen, prev, salt }
}

function restoreTimer(timers: unknown, set: unknown): void {
  if (!isObject(timers) || !isObject(set)) return
  const { run, event: type, at } = set
  const timer = typeof run === 'string' ? timers[run] : undefined
  if (!isObject(timer)) return
  restore(timer, 'event', { type })
  restore(timer, 'sendId', type)
  restore(timer, 'at', at)
}

/** Gives an object a field that it lacks. */
function restore(target: Fields, name: string, missing: unknown): void {
  if (target[name] === undefined) target[name] = missing
}

function restoreAsked(list: unknown, ts: unknown, at: unknown): void {
  if (!Array.isArray(list)) return
  for (const asked of list) {
    if (!isObject(asked)) continue
    restore(asked, 'at', ts)
    restore(asked, 'committedAt', at)
  }
}
