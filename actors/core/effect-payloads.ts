import { z } from 'zod'
import { inputSchema } from '../../schemas/envelope.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { jsonProblem } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import type { Emitted, Sent } from '../../schemas/record.ts'
import { EVENT_TYPE, isAddressable } from '../../schemas/subjects.ts'
import type { Kind } from '../definition/kind.ts'
import type { TaskDefinition } from '../definition/task-definition.ts'

/** This file checks what a machine emits, sends and starts, before the commit. A failed check rejects the input. */
const refuse = (code: ErrorCode, what: string): never => {
  throw new ColloquyError(code, what)
}

/** @throws ColloquyError `unknown_source` where the kind has no task with this name. */
export function taskOf(kind: Kind, name: string): TaskDefinition {
  const task = Object.hasOwn(kind.tasks, name) ? kind.tasks[name] : undefined
  return (
    task
    ?? refuse(
      'unknown_source',
      `the machine invokes "${name}", which is not a task of kind "${kind.name}"; declare it under "tasks" of defineKind`,
    )
  )
}

/**
 * Returns the input of a task unchanged.
 *
 * @throws ColloquyError `bad_task_input` where it is not JSON or does not match the task's schema.
 */
export function taskInput(kind: Kind, name: string, input: unknown): unknown {
  const problem = jsonProblem(input)
  if (problem !== undefined) refuse('bad_task_input', `input of task "${name}": ${problem}`)
  const checked = taskOf(kind, name).input.safeParse(input, IN_WORDS)
  if (!checked.success) refuse('bad_task_input', zodProblem(checked.error, `input of task "${name}"`))
  return input
}

/**
 * Returns the data of an emitted event unchanged.
 *
 * @throws ColloquyError `unknown_emit` where the kind does not declare the type, `bad_emit` where the data are invalid.
 */
export function emittedData(kind: Kind, type: string, data: unknown): Emitted['data'] {
  const schema = Object.hasOwn(kind.emits, type) ? kind.emits[type] : undefined
  if (schema === undefined) {
    return refuse(
      'unknown_emit',
      `the machine emits "${type}", which kind "${kind.name}" does not declare; declare it under "emits" of defineKind`,
    )
  }
  const problem = jsonProblem(data)
  if (problem !== undefined) refuse('bad_emit', `emitted "${type}": ${problem}`)
  const checked = schema.safeParse(data, IN_WORDS)
  if (!checked.success) refuse('bad_emit', zodProblem(checked.error, `emitted "${type}"`))
  if (!isObject(data)) return refuse('bad_emit', `emitted "${type}": data must be an object`)
  return data
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Types of events by which one actor may follow another. */
const FOLLOWED_TYPES_MAX = 16

const sendingSchema = z.object({
  kind: z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]),
  id: z.string(),
  type: inputSchema.shape.type,
  data: inputSchema.shape.data,
  eventId: inputSchema.shape.id,
  causationid: inputSchema.shape.causationid,
  follow: z.array(z.string().regex(EVENT_TYPE)).min(1).max(FOLLOWED_TYPES_MAX).optional(),
})

/** Bytes reserved for the envelope around the data. Without this bound an oversized input would be rejected only at its target. */
const ENVELOPE_BYTES = 4 * 1024

/** The bytes of a message with these data, with room for its envelope. */
export const sentBytes = (data: unknown): number => Buffer.byteLength(JSON.stringify(data)) + ENVELOPE_BYTES

/** Fields of an event that another actor does not get: it gets its own. A forwarded event has them. */
const OF_RECEIVED_EVENT: ReadonlySet<string> = new Set(['id', 'time', 'arrivedAt', 'at', 'source'])

/**
 * An event that XState's `sendTo`, `sendParent` or `forwardTo` sends to a child or a parent. Its fields beside `type` become data where the
 * machine of the kind expects data there.
 *
 * @throws ColloquyError `bad_send` where it has fields that an input cannot have
 */
export function eventBetween(
  { dataBesideType = false }: Pick<Kind, 'dataBesideType'>,
  tenant: string,
  id: string,
  to: { readonly kind: string; readonly actor: string },
  { type, data = {}, ...more }: { readonly type: string; readonly data?: unknown },
): Sent {
  const beside = Object.entries(more).filter(([name]) => !OF_RECEIVED_EVENT.has(name))
  if (beside.length > 0 && !dataBesideType) {
    const names = beside.map(([name]) => name).join(', ')
    refuse('bad_send', `event "${type}" to ${to.kind}/${to.actor} has ${names} beside type and data; put them into data`)
  }
  const whole = isObject(data) ? { ...Object.fromEntries(beside), ...data } : data
  return sentEvent(tenant, id, { kind: to.kind, id: to.actor, type, data: whole })
}

/**
 * Validates the argument of a `send` and returns the event for the target's input.
 *
 * @param defaultId its id where the machine gives none
 */
export function sentEvent(tenant: string, defaultId: string, sending: unknown): Sent {
  const read = sendingSchema.safeParse(sending, IN_WORDS)
  if (!read.success) return refuse('bad_send', zodProblem(read.error, 'send'))
  const { kind, id: actor, type, data, eventId: id = defaultId, causationid, follow } = read.data
  if (!isAddressable({ tenant, kind, id: actor })) {
    refuse('bad_send', `send to ${JSON.stringify(kind)}, ${JSON.stringify(actor)}: kind and id must match [A-Za-z0-9_-]{1,128}`)
  }
  const problem = jsonProblem(data)
  if (problem !== undefined) refuse('bad_send', `send "${type}" to ${kind}/${actor}: data.${problem}`)
  const bytes = sentBytes(data)
  if (bytes > LIMITS.inputBytesMax) {
    refuse('bad_send', `send "${type}" to ${kind}/${actor}: ${bytes} bytes; the limit of an input is ${LIMITS.inputBytesMax}`)
  }
  return {
    id,
    kind,
    actor,
    type,
    data,
    ...(causationid !== undefined && { causationid }),
    ...(follow !== undefined && { follow: follow.join(' ') }),
  }
}
