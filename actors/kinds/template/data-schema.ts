import { Ajv2020, type AnySchema, type ErrorObject } from 'ajv/dist/2020.js'
import { messageOf } from '../../../schemas/errors.ts'

/** Schemas within schemas: they are read by recursion. */
const DEPTH_MAX = 32

/** Formats are not checked: JSON Schema makes them notes. */
const OPTIONS = { strict: false, validateFormats: false, logger: false } as const
const checker = new Ajv2020(OPTIONS)

/** Why a JSON Schema (2020-12) cannot be used; `undefined` where it can. Pure: it is checked and not compiled. */
export function schemaProblem(schema: AnySchema | undefined): string | undefined {
  if (schema === undefined) return undefined
  const problem = partProblem(schema, 0)
  if (problem !== undefined) return `schema: ${problem}`
  try {
    return checker.validateSchema(schema) === true ? undefined : wordsOf(checker.errors, 'schema')
  } catch (error) {
    return `schema: ${messageOf(error)}`
  }
}

function partProblem(value: unknown, depth: number): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > DEPTH_MAX) return `at most ${DEPTH_MAX} levels may lie within each other`
  for (const [name, part] of Object.entries(value)) {
    if (name === '$ref' && typeof part === 'string' && !part.startsWith('#')) return `$ref to ${part}: only parts of itself (#/…) are read`
    const problem = partProblem(part, depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Why data do not fit a schema; `undefined` where they do. A pattern of the schema may take for ever: its caller bounds the time. */
export function dataProblem(schema: AnySchema, data: unknown): string | undefined {
  try {
    const validate = new Ajv2020({ ...OPTIONS, validateSchema: false }).compile(schema)
    return validate(data) ? undefined : wordsOf(validate.errors, 'data')
  } catch (error) {
    return `schema: ${messageOf(error)}`
  }
}

/** The first error in one line: `data.items.1: must have required property 'price'`. */
function wordsOf(errors: readonly ErrorObject[] | null | undefined, root: string): string {
  const [first] = errors ?? []
  return `${root}${(first?.instancePath ?? '').replaceAll('/', '.')}: ${first?.message ?? 'is not valid'}`
}
