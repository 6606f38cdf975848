import { z } from 'zod'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'
import { type Address, EVENT_TYPE, TOKEN } from '../../../schemas/subjects.ts'
import { inputProblem, type OutgoingInput } from '../../producer/input-sender.ts'
import type { EventRow, WrongLine } from './event-file.ts'

/** A line that can be sent. */
export interface ReadEvent {
  readonly line: number
  readonly bytes: number
  readonly address: Address
  readonly input: OutgoingInput
}

/** By kind and event type, the JSON schema of the data, as the register has it. */
export type EventSchemas = ReadonlyMap<string, Readonly<Record<string, unknown>>>

const RESERVED = { actor: z.string().regex(TOKEN), kind: z.string().regex(TOKEN).optional(), type: z.string().regex(EVENT_TYPE) }
const lineSchema = z.strictObject({
  ...RESERVED,
  time: z.string().optional(),
  id: z.string().min(1).max(256).optional(),
  data: z.record(z.string(), z.unknown()).default({}),
})
const typeSchema = z.looseObject({ type: z.union([z.string(), z.array(z.string())]).optional() })
const objectSchema = z.looseObject({ properties: z.record(z.string(), typeSchema).default({}) })

export interface EventReaderOptions {
  readonly tenant: string
  /** Kind of the actors of lines that name none. */
  readonly kind: string
  /** The source of all inputs of the file. */
  readonly source: string
  readonly schemas: EventSchemas
  /** Whether texts are made numbers and booleans where the schema wants these. */
  readonly isCsv: boolean
}

/** Creates a reader of lines. It tells what the actor's kind would refuse, as far as schemas say it. */
export function createEventReader({ tenant, kind: defaultKind, source, schemas, isCsv }: EventReaderOptions) {
  const known = new Map<string, { readonly schema: z.ZodType; readonly properties: Record<string, z.infer<typeof typeSchema>> }>()
  const schemaOf = (kind: string, type: string, given: unknown) => {
    const key = `${kind} ${type}`
    const found = known.get(key) ?? {
      schema: z.fromJSONSchema(given as z.core.JSONSchema.JSONSchema),
      properties: objectSchema.catch({ properties: {} }).parse(given).properties,
    }
    known.set(key, found)
    return found
  }

  return (row: EventRow): ReadEvent | WrongLine => {
    if (row.fields === undefined) return row.wrong ?? { line: row.line, column: 1, problem: 'the line cannot be read' }
    const wrong = (problem: string, path: readonly PropertyKey[]): WrongLine => ({
      line: row.line,
      column: row.columnOf(path.map(String)),
      problem,
    })
    const read = lineSchema.safeParse(row.fields, IN_WORDS)
    if (!read.success) return wrong(zodProblem(read.error, ''), placeOf(read.error))
    const { actor, kind = defaultKind, type, time, id } = read.data
    const events = schemas.get(kind)
    if (events === undefined) return wrong(`kind: no kind "${kind}" is in use`, ['kind'])
    if (!Object.hasOwn(events, type)) return wrong(`type: the kind ${kind} takes no "${type}"`, ['type'])
    const { schema, properties } = schemaOf(kind, type, events[type])
    const data = isCsv ? typed(read.data.data, properties) : read.data.data
    const fits = schema.safeParse(data, IN_WORDS)
    if (!fits.success) return wrong(zodProblem(fits.error, 'data'), ['data', ...placeOf(fits.error)])
    const input = { type, id: id ?? `line-${row.line}`, source, sequence: row.line, ...(time !== undefined && { time }), data }
    const problem = inputProblem(input)
    if (problem !== undefined) return wrong(problem, [/^(\w+):/.exec(problem)?.[1] ?? ''])
    return { line: row.line, bytes: row.raw.length, address: { tenant, kind, id: actor }, input }
  }
}

const placeOf = (error: z.ZodError): readonly PropertyKey[] => {
  const [issue] = error.issues
  if (issue === undefined) return []
  return issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : issue.path
}

/** The data with numbers and booleans where the schema wants them: a cell is a text. */
function typed(data: Readonly<Record<string, unknown>>, properties: Readonly<Record<string, z.infer<typeof typeSchema>>>) {
  const convert = (name: string, value: unknown): unknown => {
    if (typeof value !== 'string') return value
    const types = [properties[name]?.type ?? []].flat()
    if (types.includes('string')) return value
    if ((types.includes('number') || types.includes('integer')) && Number.isFinite(Number(value))) return Number(value)
    if (types.includes('boolean') && (value === 'true' || value === 'false')) return value === 'true'
    return value
  }
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, convert(name, value)]))
}
