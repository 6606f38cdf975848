import type { z } from 'zod'
import type { Input } from '../../schemas/envelope.ts'
import { messageOf } from '../../schemas/errors.ts'
import { ANSWER_JUDGED, judgementSchema } from '../../schemas/events.ts'
import { IN_WORDS, zodProblem, zodProblems } from '../../schemas/problem-words.ts'
import { EVERY } from './calendar.ts'
import type { Upcaster } from './earlier-versions.ts'
import type { Kind } from './kind.ts'

type Data = Readonly<Record<string, unknown>>

/**
 * The data in the present shape, or why they cannot be read. `given` is what the record keeps: the data as the producer gave them, with the
 * role of a message filled in where it is needed.
 */
export type ReadData = { readonly ok: true; readonly data: Data; readonly given: Data } | UnreadData

interface UnreadData {
  readonly ok: false
  readonly error: string
  /** All problems, where a schema found several; `error` is the first. */
  readonly all?: () => readonly string[]
}

/**
 * The data of an input in the present shape.
 *
 * The input's `dataversion` names its shape. Without it, the newest shape that the data fit applies. Producers and stored inputs therefore
 * need not change when an event changes. Data of a type that the kind does not declare are returned unchanged.
 *
 * A `message.received` without a role is the user's, unless the kind has a shape of its own that needs no role. A judgement of the role
 * `judge` is an internal message: as an input it cannot be read, so that nobody forges scores. So is the event of the option `every`.
 */
export function readData(kind: Kind, input: ReadInput): ReadData {
  if (input.type === ANSWER_JUDGED) return { ok: false, error: FORGED_SCORES }
  if (input.type === EVERY && kind.every !== undefined) return { ok: false, error: FORGED_EVERY }
  const given = input.data ?? {}
  const schema = Object.hasOwn(kind.events, input.type) ? kind.events[input.type] : undefined
  const lacksRole = input.type === 'message.received' && (given['role'] === undefined || given['role'] === null)
  const judgement = schema === undefined ? judgementSchema(input.type) : undefined
  if (judgement !== undefined) {
    const checked = check(judgement, given, 'data')
    return checked.ok ? { ok: true, data: given, given } : checked
  }
  if (schema === undefined) {
    const data = lacksRole && typeof given['text'] === 'string' ? { ...given, role: 'user' } : given
    return { ok: true, data, given: data }
  }
  const read = readDeclared(kind, schema, input, given)
  if (read.ok || !lacksRole) return read.ok ? { ...read, given } : read
  const asUser = { ...given, role: 'user' }
  const readAsUser = readDeclared(kind, schema, input, asUser)
  return readAsUser.ok ? { ...readAsUser, given: asUser } : readAsUser
}

const FORGED_SCORES = `type: "${ANSWER_JUDGED}" comes from the role judge alone; send "feedback.given" with the answer's id in "answer"`

const FORGED_EVERY = `type: "${EVERY}" comes from the actor's own timer alone; send an event of another type`

/** Whether an input is a judgement of people that the kind does not declare: it is recorded, and the machine does not see it. */
export const isJudgement = (kind: Kind, type: string): boolean => !Object.hasOwn(kind.events, type) && judgementSchema(type) !== undefined

type ReadInput = Pick<Input, 'type' | 'data' | 'dataversion'> & Partial<Input>
type Checked = { readonly ok: true; readonly data: Data } | UnreadData

function readDeclared(kind: Kind, schema: z.ZodType, input: ReadInput, data: Data): Checked {
  const earlier = earlierOf(kind, input.type)
  const today = (earlier[0]?.version ?? 0) + 1
  const version = input.dataversion
  if (version !== undefined && version > today) {
    return { ok: false, error: `dataversion: ${version}; this host knows "${input.type}" up to version ${today}` }
  }
  const asToday = version === undefined || version === today ? check(schema, data, 'data') : undefined
  if (asToday?.ok === true) return asToday
  const fitting = earlier.find((upcaster) => (version === undefined ? upcaster.from.safeParse(data).success : upcaster.version === version))
  if (fitting === undefined) return asToday ?? { ok: false, error: `dataversion: no upcaster reads "${input.type}" of version ${version}` }
  return upcast(schema, fitting, data)
}

/** Newest first. */
const earlierOf = (kind: Kind, type: string) =>
  !Object.hasOwn(kind.upcast, type)
    ? []
    : Object.entries(kind.upcast[type] ?? {})
        .map(([version, upcaster]) => ({ version: Number(version), ...upcaster }))
        .sort((a, b) => b.version - a.version)

function upcast(schema: z.ZodType, { version, from, to }: Upcaster<unknown> & { version: number }, data: Data): Checked {
  const old = from.safeParse(data, IN_WORDS)
  if (!old.success) return { ok: false, error: zodProblem(old.error, `data (version ${version})`) }
  try {
    return check(schema, to(data), `data, upcast from version ${version}`)
  } catch (error) {
    return { ok: false, error: `data: the upcaster of version ${version} threw: ${messageOf(error)}` }
  }
}

function check(schema: z.ZodType, data: unknown, root: string): Checked {
  const read = schema.safeParse(data, IN_WORDS)
  if (!read.success) return { ok: false, error: zodProblem(read.error, root), all: () => zodProblems(read.error, root) }
  return isObject(read.data) ? { ok: true, data: read.data } : { ok: false, error: `${root}: must be an object` }
}

const isObject = (value: unknown): value is Data => typeof value === 'object' && value !== null
