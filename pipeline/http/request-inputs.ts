import type { FastifyRequest } from 'fastify'
import { structuredPayload } from '../../schemas/cloudevents-binary.ts'
import { inputSchema } from '../../schemas/envelope.ts'
import { decodeUtf8, parseJson } from '../../schemas/json.ts'
import { IN_WORDS } from '../../schemas/problem-words.ts'
import { HttpProblem } from './problems.ts'

/** An input of a request, as it will be stored. */
export interface RequestInput {
  readonly payload: Uint8Array
  /** The parsed payload. */
  readonly envelope: object
  /** Its id if it has a valid one. The host rejects an input whose id is not. */
  readonly id: string | undefined
}

/** The inputs of a request. */
export interface RequestInputs {
  readonly inputs: readonly RequestInput[]
  readonly isBatch: boolean
}

const BATCH = /^application\/cloudevents-batch\+json/i
/** Inputs of a batch. They are stored one after the other, and a request must not take for ever. */
export const BATCH_MAX = 1_000

/**
 * Reads the inputs of a request in any mode of CloudEvents' HTTP binding: structured, binary, or a batch. An input without an id takes the
 * header `Idempotency-Key`; those of a batch take it with their place. All others keep the bytes of their body.
 *
 * @throws HttpProblem 400 `bad_json`, `bad_idempotency_key`; 413 `too_large` for a batch of too many inputs.
 */
export function readInputs({ headers, body: raw }: Pick<FastifyRequest, 'headers' | 'body'>): RequestInputs {
  const body = raw instanceof Uint8Array ? raw : new Uint8Array()
  const key = idempotencyKeyOf(headers['idempotency-key'])
  if (!BATCH.test(headers['content-type'] ?? ''))
    return { inputs: [readInput(structuredPayload(Object.entries(headers), body), key)], isBatch: false }
  const batch = parseJson(decodeUtf8(body) ?? '')
  if (!Array.isArray(batch)) throw new HttpProblem('bad_json', 'the body must be a JSON array of inputs in UTF-8')
  if (batch.length > BATCH_MAX) throw new HttpProblem('too_large', `the batch has ${batch.length} inputs; send at most ${BATCH_MAX}`)
  const inputs = (batch as readonly unknown[]).map((envelope, index) => {
    if (isObject(envelope)) return withId(envelope, undefined, key === undefined ? undefined : `${key}/${index}`)
    throw new HttpProblem('bad_json', `item ${index + 1} of the batch is no JSON object; nothing was stored`)
  })
  return { inputs, isBatch: true }
}

/** An input that a client sent as an object. */
export const inputOf = (envelope: Readonly<Record<string, unknown>>): RequestInputs => ({
  inputs: [withId(envelope, undefined, undefined)],
  isBatch: false,
})

function readInput(payload: Uint8Array, key: string | undefined): RequestInput {
  const envelope = parseJson(decodeUtf8(payload) ?? '')
  if (isObject(envelope)) return withId(envelope, payload, key)
  throw new HttpProblem('bad_json', 'the body must be a JSON object in UTF-8: {"type": "message.received", "data": {…}}')
}

function withId(given: Readonly<Record<string, unknown>>, payload: Uint8Array | undefined, key: string | undefined): RequestInput {
  const needsKey = key !== undefined && (given['id'] === undefined || given['id'] === null)
  const envelope = needsKey ? { ...given, id: key } : given
  const { data: id } = inputSchema.shape.id.safeParse(envelope['id'])
  return {
    payload: needsKey || payload === undefined ? Buffer.from(JSON.stringify(envelope)) : payload,
    envelope,
    id: id?.isWellFormed() === true ? id : undefined,
  }
}

/** The key of `Idempotency-Key`, which the draft of the header writes in quotes and most clients do not. */
export function idempotencyKeyOf(header: string | readonly string[] | undefined): string | undefined {
  const [given] = [header].flat()
  if (given === undefined) return undefined
  const key = /^"(.*)"$/.exec(given)?.[1] ?? given
  // HTTP does not say how other characters are encoded, so that two clients may mean one key by different bytes.
  if (!/^[ -~]*$/.test(key)) throw new HttpProblem('bad_idempotency_key', 'Idempotency-Key: must have ASCII characters only')
  const { data: id, error } = inputSchema.shape.id.safeParse(key, IN_WORDS)
  if (id !== undefined) return id
  throw new HttpProblem('bad_idempotency_key', `Idempotency-Key: ${error?.issues[0]?.message ?? 'not valid'}`)
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
