import { z } from 'zod'
import { ColloquyError } from '../../../schemas/errors.ts'
import { IN_WORDS } from '../../../schemas/problem-words.ts'
import { NAME } from './chat-context.ts'

/** A form that people fill in. */
export interface ChatForm {
  /** A flat object: texts, numbers, booleans and enums, each with a `title` or `description` in its `meta` for people. */
  readonly schema: z.ZodObject
  /** For people. */
  readonly title: string
  /** When a model is to ask for it. Default: the title. */
  readonly description?: string
}
export type ChatForms = Readonly<Record<string, ChatForm>>

export const FORM_FIELDS_MAX = 20
export const FORMS_MAX = 16
/** UTF-16 units of one value. */
const VALUE_CHARS_MAX = 1_000
const PROBLEM_CHARS_MAX = 200

/** A field as a client shows it. */
export const fieldSchema = z
  .object({
    name: z.string(),
    title: z.string(),
    type: z.enum(['text', 'number', 'boolean', 'choice']),
    required: z.boolean(),
    choices: z.array(z.string()).max(50).optional(),
    min: z.number().optional().meta({ description: 'Of a number; of a text its fewest characters' }),
    max: z.number().optional(),
  })
  .meta({ title: 'FormField' })
export type Field = z.infer<typeof fieldSchema>

export const formProblemSchema = z.object({ field: z.string(), problem: z.string().max(PROBLEM_CHARS_MAX) }).meta({ title: 'FormProblem' })
type FormProblem = z.infer<typeof formProblemSchema>

const propertySchema = z.object({
  type: z.enum(['string', 'number', 'integer', 'boolean']),
  title: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
})
const objectSchema = z.object({ properties: z.record(z.string(), propertySchema), required: z.array(z.string()).default([]) })

/**
 * The fields of a form.
 *
 * @throws ColloquyError `bad_kind` where the schema has another form than a client can show
 */
export function fieldsOf(form: string, { schema }: ChatForm): Field[] {
  const refuse = (what: string): never => {
    throw new ColloquyError('bad_kind', `form "${form}": ${what}`)
  }
  if (!NAME.test(form)) refuse(`the name must match ${NAME}`)
  const read = objectSchema.safeParse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), IN_WORDS)
  if (!read.success) return refuse('its schema must be an object of texts, numbers, booleans and enums of texts')
  const { properties, required } = read.data
  const names = Object.keys(properties)
  if (names.length === 0 || names.length > FORM_FIELDS_MAX) refuse(`it must have 1 to ${FORM_FIELDS_MAX} fields (it has ${names.length})`)
  return Object.entries(properties).map(([name, { type, title, description, enum: choices, ...bounds }]) => ({
    name,
    title: title ?? description ?? name,
    type: choices !== undefined ? 'choice' : type === 'string' ? 'text' : type === 'integer' ? 'number' : type,
    required: required.includes(name),
    ...(choices !== undefined && { choices }),
    ...((bounds.minimum ?? bounds.minLength) !== undefined && { min: bounds.minimum ?? bounds.minLength }),
    ...((bounds.maximum ?? bounds.maxLength) !== undefined && { max: bounds.maximum ?? bounds.maxLength }),
  }))
}

export type FormValues = Readonly<Record<string, unknown>>
/** What was submitted: read by the schema, or every field that is wrong. */
export type Submitted =
  { readonly kind: 'right'; readonly values: FormValues } | { readonly kind: 'wrong'; readonly problems: readonly FormProblem[] }

/** Checks the values of a form: a pure function, as the schema is one. All wrong fields are told. */
export function checkValues({ schema }: ChatForm, values: FormValues): Submitted {
  const tooLong = Object.entries(values).filter(([, value]) => JSON.stringify(value)?.length > VALUE_CHARS_MAX)
  if (tooLong.length > 0) {
    return { kind: 'wrong', problems: problemsOf(tooLong.map(([field]) => [field, `must have at most ${VALUE_CHARS_MAX} characters`])) }
  }
  const read = schema.safeParse(values, IN_WORDS)
  if (read.success) return { kind: 'right', values: read.data }
  return { kind: 'wrong', problems: problemsOf(read.error.issues.map(({ path, message }) => [path.map(String).join('.'), message])) }
}

const problemsOf = (all: readonly (readonly [string, string])[]): FormProblem[] =>
  all
    .slice(0, FORM_FIELDS_MAX)
    .map(([field, problem]) => ({ field: field.slice(0, 64), problem: problem.slice(0, PROBLEM_CHARS_MAX).toWellFormed() }))

/** Values in words, as a message that the model answers: `city: Oslo; floor: 3`. */
export const valuesInWords = (title: string, values: FormValues): string =>
  `${title}: ${Object.entries(values)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('; ')}`
