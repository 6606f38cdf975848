import { type Input, readEnvelope, RESERVED_ID_PREFIX, type WireInput } from '../../schemas/envelope.ts'
import {
  type InternalInput,
  internalSchema,
  type JudgedMessage,
  type OperatorMessage,
  type RunInput,
} from '../../schemas/internal-messages.ts'
import { decodeUtf8, jsonProblem, parseJson } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { Reason } from '../../schemas/record.ts'

/** One message as INBOX delivers it. */
export interface Delivery {
  /** INBOX sequence; producers know it as `position`. */
  readonly seq: number
  /** When INBOX stored it: ISO 8601 with milliseconds. */
  readonly ts: string
  /** In the structured mode of CloudEvents. */
  readonly payload: Uint8Array
  /** The header `Nats-Msg-Id`. */
  readonly msgId?: string | undefined
  /** Only on a redriven message: the id and the time of its first delivery. They apply where the payload has none. */
  readonly first?: { readonly id: string; readonly ts: string } | undefined
}

/** Why a message cannot be read as an input. */
export interface Refusal {
  readonly reason: Reason
  readonly error: string
  /** The readable part of the envelope. */
  readonly input: Input
}

/** Parses the message of a producer or of another actor. A refusal names the faulty field. @param isFromActor default: a producer */
export function readInput(delivery: Delivery, isFromActor = false): Input | Refusal {
  const refuse = (reason: Reason, error: string, wire?: unknown): Refusal => ({ reason, error, input: salvage(delivery, wire) })
  const { payload } = delivery
  if (payload.length > LIMITS.inputBytesMax) {
    return refuse('too_large', `${payload.length} bytes; the limit of an input is ${LIMITS.inputBytesMax}`)
  }
  const text = decodeUtf8(payload)
  if (text === undefined) return refuse('bad_json', 'not UTF-8')
  const value = parseJson(text)
  if (value === undefined) return refuse('bad_json', 'not JSON')
  const problem = jsonProblem(value)
  if (problem !== undefined) return refuse('bad_envelope', problem, value)
  const envelope = readEnvelope(value, isFromActor)
  return envelope.ok ? withDefaults(delivery, envelope.input) : refuse('bad_envelope', envelope.problem, value)
}

export const isRefusal = (read: Input | Refusal): read is Refusal => 'reason' in read

/** Parses an internal message; `undefined` where it does not match the schema. */
export function readInternal(delivery: Delivery): InternalInput | undefined {
  const text = decodeUtf8(delivery.payload)
  if (text === undefined) return undefined
  return internalSchema.safeParse(parseJson(text)).data
}

/** An internal message in the form that a record keeps; for a wake-up, the run that expired. */
export function internalAsInput(delivery: Delivery, internal: RunInput): Input {
  const { type, correlationid, traceparent, ...data } = internal
  return { type, id: `${type}:${internal.run}`, source: 'colloquy', time: delivery.ts, correlationid, traceparent, data }
}

/** A judgement on an answer, or what an operator does, in the form that a record keeps. */
export const internalEventAsInput = (delivery: Delivery, { type, id, data }: JudgedMessage | OperatorMessage): Input => ({
  type,
  id,
  source: 'colloquy',
  time: delivery.ts,
  data,
})

function withDefaults(delivery: Delivery, wire: WireInput): Input {
  return {
    type: wire.type,
    id: wire.id ?? defaultId(delivery),
    source: wire.source ?? 'nats',
    time: wire.time === undefined ? (delivery.first?.ts ?? delivery.ts) : new Date(wire.time).toISOString(),
    sequence: wire.sequence,
    correlationid: wire.correlationid,
    causationid: wire.causationid,
    traceparent: wire.traceparent,
    history: wire.history,
    dataversion: wire.dataversion,
    attributes: wire.attributes,
    data: wire.data,
  }
}

const defaultId = (delivery: Delivery): string =>
  delivery.first?.id
  ?? (delivery.msgId !== undefined && !delivery.msgId.startsWith(RESERVED_ID_PREFIX) && delivery.msgId.isWellFormed()
    ? delivery.msgId.slice(0, 256)
    : `${RESERVED_ID_PREFIX}${delivery.seq}`)

/** Type, id and source of a rejected input, as far as they are valid text. The record keeps the rest in `payload`. */
function salvage(delivery: Delivery, wire: unknown): Input {
  const read = (key: string): string | undefined => {
    const value: unknown = typeof wire === 'object' && wire !== null ? Reflect.get(wire, key) : undefined
    return typeof value === 'string' && value !== '' && value.isWellFormed() ? value.slice(0, 256) : undefined
  }
  return { type: read('type') ?? '', id: read('id') ?? defaultId(delivery), source: read('source') ?? 'nats', time: delivery.ts }
}
