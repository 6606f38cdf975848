import { zodProblem, inputSchema, RESERVED_ID_PREFIX, type Input, type WireInput } from '../../schemas/envelope.ts'
import { internalSchema, type InternalInput, type RunInput } from '../../schemas/internal-messages.ts'
import { decodeUtf8, jsonProblem, parseJson } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { Reason } from '../../schemas/record.ts'

/** One message as INBOX hands it over. */
export interface Delivery {
  /** INBOX sequence: the producer's `position`. */
  readonly seq: number
  /** When INBOX stored it, ISO, milliseconds. */
  readonly ts: string
  readonly payload: Uint8Array
  /** The `Nats-Msg-Id` header. */
  readonly msgId?: string | undefined
  /** Of one that is delivered a second time, by a redrive: what it had the first time where it does not say itself. */
  readonly first?: { readonly id: string; readonly ts: string } | undefined
}

export interface Refusal {
  readonly reason: Reason
  readonly error: string
  /** As much of the envelope as could be read. */
  readonly input: Input
}

/** Reads a producer's message; a refusal says what is wrong with which field. */
export function readInput(delivery: Delivery): Input | Refusal {
  const refuse = (reason: Reason, error: string, wire?: unknown): Refusal => ({ reason, error, input: salvage(delivery, wire) })
  const { payload } = delivery
  if (payload.length > LIMITS.inputBytesMax) {
    return refuse('too_large', `${payload.length} bytes; an input may have ${LIMITS.inputBytesMax}`)
  }
  const text = decodeUtf8(payload)
  if (text === undefined) return refuse('bad_json', 'not UTF-8')
  const value = parseJson(text)
  if (value === undefined) return refuse('bad_json', 'not JSON')
  const problem = jsonProblem(value)
  if (problem !== undefined) return refuse('bad_envelope', problem, value)
  const wire = inputSchema.safeParse(value)
  if (!wire.success) return refuse('bad_envelope', zodProblem(wire.error, ''), value)
  return withDefaults(delivery, wire.data)
}

export const isRefusal = (read: Input | Refusal): read is Refusal => 'reason' in read

/** Reads a message from inside; `undefined` where it is none of ours. */
export function readInternal(delivery: Delivery): InternalInput | undefined {
  const text = decodeUtf8(delivery.payload)
  if (text === undefined) return undefined
  return internalSchema.safeParse(parseJson(text)).data
}

/** How a record keeps a message from inside, or what an alarm was for. */
export function internalAsInput(delivery: Delivery, internal: RunInput): Input {
  const { type, correlationid, traceparent, ...data } = internal
  return { type, id: `${type}:${internal.run}`, source: 'colloquy', time: delivery.ts, correlationid, traceparent, data }
}

function withDefaults(delivery: Delivery, wire: WireInput): Input {
  return {
    type: wire.type,
    id: wire.id ?? defaultId(delivery),
    source: wire.source ?? 'nats',
    time: wire.time === undefined ? delivery.first?.ts ?? delivery.ts : new Date(wire.time).toISOString(),
    sequence: wire.sequence,
    correlationid: wire.correlationid,
    causationid: wire.causationid,
    traceparent: wire.traceparent,
    history: wire.history,
    dataversion: wire.dataversion,
    data: wire.data,
  }
}

const defaultId = (delivery: Delivery): string =>
  delivery.first?.id ?? (delivery.msgId !== undefined && !delivery.msgId.startsWith(RESERVED_ID_PREFIX) && delivery.msgId.isWellFormed()
    ? delivery.msgId.slice(0, 256)
    : `${RESERVED_ID_PREFIX}${delivery.seq}`)

/** A rejected input's type, id and source, as far as they are text; the rest of it stays in the payload. */
function salvage(delivery: Delivery, wire: unknown): Input {
  const read = (key: string): string | undefined => {
    const value: unknown = typeof wire === 'object' && wire !== null ? Reflect.get(wire, key) : undefined
    return typeof value === 'string' && value !== '' && value.isWellFormed() ? value.slice(0, 256) : undefined
  }
  return { type: read('type') ?? '', id: read('id') ?? defaultId(delivery), source: read('source') ?? 'nats', time: delivery.ts }
}
