import { z } from 'zod'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { inputSchema, zodProblem } from '../../schemas/envelope.ts'
import { jsonProblem } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { Emitted, Sent } from '../../schemas/record.ts'
import { isAddressable } from '../../schemas/subjects.ts'
import type { Kind, TaskDefinition } from '../definition/define-kind.ts'

/** What a machine may give out, checked before it is committed: an input that leads to anything else is rejected. */
const refuse = (code: ErrorCode, what: string): never => { throw new ColloquyError(code, what) }

export function taskOf(kind: Kind, name: string): TaskDefinition {
  const task = Object.hasOwn(kind.tasks, name) ? kind.tasks[name] : undefined
  return task ?? refuse('unknown_source', `the machine invokes "${name}", which is no task of kind "${kind.name}"; declare it under "tasks" of defineKind`)
}

export function taskInput(kind: Kind, name: string, input: unknown): unknown {
  const problem = jsonProblem(input)
  if (problem !== undefined) refuse('bad_task_input', `input of task "${name}": ${problem}`)
  const checked = taskOf(kind, name).input.safeParse(input)
  if (!checked.success) refuse('bad_task_input', zodProblem(checked.error, `input of task "${name}"`))
  return input
}

export function emittedData(kind: Kind, type: string, data: unknown): Emitted['data'] {
  const schema = Object.hasOwn(kind.emits, type) ? kind.emits[type] : undefined
  if (schema === undefined) return refuse('unknown_emit', `the machine emits "${type}", which kind "${kind.name}" does not declare; declare it under "emits" of defineKind`)
  const problem = jsonProblem(data)
  if (problem !== undefined) refuse('bad_emit', `emitted "${type}": ${problem}`)
  const checked = schema.safeParse(data)
  if (!checked.success) refuse('bad_emit', zodProblem(checked.error, `emitted "${type}"`))
  if (!isObject(data)) return refuse('bad_emit', `emitted "${type}": data must be an object`)
  return data
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)

const sending = z.object({
  kind: z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]),
  id: z.string(),
  type: inputSchema.shape.type,
  data: inputSchema.shape.data,
})

/** The envelope beside the data; an input that is too large would only be rejected where it arrives. */
const ENVELOPE_BYTES = 4 * 1024

/** What a `send` says, as the other's input will have it. */
export function sentEvent(tenant: string, said: unknown): Omit<Sent, 'id'> {
  const read = sending.safeParse(said)
  if (!read.success) return refuse('bad_send', zodProblem(read.error, 'send'))
  const { kind, id: actor, type, data } = read.data
  if (!isAddressable({ tenant, kind, id: actor })) {
    refuse('bad_send', `send to ${JSON.stringify(kind)}, ${JSON.stringify(actor)}: kind and id must match [A-Za-z0-9_-]{1,128}`)
  }
  const problem = jsonProblem(data)
  if (problem !== undefined) refuse('bad_send', `send "${type}" to ${kind}/${actor}: data.${problem}`)
  const bytes = Buffer.byteLength(JSON.stringify(data)) + ENVELOPE_BYTES
  if (bytes > LIMITS.inputBytesMax) refuse('bad_send', `send "${type}" to ${kind}/${actor}: ${bytes} bytes; an input may have ${LIMITS.inputBytesMax}`)
  return { kind, actor, type, data }
}
