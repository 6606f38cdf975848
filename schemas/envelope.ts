import { z } from 'zod'
import { isJsonType } from './json.ts'
import { IN_WORDS, zodProblem } from './problem-words.ts'

/** Types that only Colloquy itself may send. */
export const RESERVED_TYPE = /^(xstate|task|timer|dead)\.|^actor\.(reset|cancelled)$/
/** Types of the events between an actor and its children, among the reserved ones. */
const CHILD_TYPE = /^xstate\./
/** Prefix of the ids that Colloquy gives to inputs without an id. */
export const RESERVED_ID_PREFIX = 'seq:'

const TIME_MIN = Date.parse('1970-01-01T00:00:00Z')
const TIME_MAX = Date.parse('2100-01-01T00:00:00Z')

const text = (max: number) => z.string().min(1).max(max)

const time = z.iso.datetime({ offset: true }).refine((value) => {
  const ms = Date.parse(value)
  return ms >= TIME_MIN && ms < TIME_MAX
}, 'must lie between 1970 and 2100')

/** CloudEvents writes `sequence` as a string, often with leading zeros, so that it sorts as text; a number is accepted, too. */
const SEQUENCE = { error: 'must be a whole number from 0 to 999999999999999, as a number or as a string of digits' }
const sequence = z.union(
  [
    z.int(SEQUENCE).nonnegative(SEQUENCE),
    z
      .string()
      .regex(/^0{0,64}\d{1,15}$/)
      .transform(Number),
  ],
  SEQUENCE,
)

/**
 * The attributes of an input that Colloquy reads: those of CloudEvents 1.0, with defaults, and some of its own. `readEnvelope` is the only
 * reader.
 */
export const inputSchema = z.object({
  specversion: z.literal('1.0').optional().meta({ description: 'CloudEvents version; optional' }),
  type: text(256)
    .refine((type) => !RESERVED_TYPE.test(type), 'types xstate.*, task.*, timer.*, dead.*, actor.reset and actor.cancelled are reserved')
    .meta({ description: 'Type of the event, such as message.received' }),
  data: z
    .record(z.string(), z.unknown(), {
      error: ({ input }) => (input === undefined || input === null ? 'is missing; it must be a JSON object' : 'must be a JSON object'),
    })
    .meta({ description: 'The event itself: an object' }),
  dataversion: z
    .int()
    .positive()
    .max(1_000_000)
    .optional()
    .meta({ description: 'Version of the shape of data. Default: the newest one that the data fit' }),
  id: text(256)
    .refine((id) => !id.startsWith(RESERVED_ID_PREFIX), 'ids that start with seq: are reserved')
    .optional()
    .meta({ description: 'Unique in the actor for its source. Default: the Nats-Msg-Id header, or else seq:<position>' }),
  // Long enough for `colloquy/<tenant>/<kind>/<id>` with the longest tokens.
  source: text(512).optional().meta({ description: 'The producer; source and id together identify an input. Default: nats' }),
  time: time.optional().meta({ description: 'When it happened, RFC 3339, 1970 to 2100. Default: its arrival' }),
  sequence: sequence.optional().meta({ description: 'Rises per source and actor; an input whose sequence does not rise is a duplicate' }),
  correlationid: text(256).optional().meta({ description: 'Copied to everything the input causes' }),
  causationid: text(256).optional().meta({ description: 'Id of the event that caused the input; stored with it' }),
  traceparent: text(256).optional().meta({ description: 'W3C trace context; copied to everything the input causes' }),
  history: z.boolean().optional().meta({ description: 'True for imported history: recorded and counted, but not shown to the machine' }),
})

/** An input that an actor may send, too: a message between it and its child. */
const actorsInputSchema = inputSchema.extend({
  type: text(256).refine((type) => CHILD_TYPE.test(type) || !RESERVED_TYPE.test(type), 'types task.*, timer.* and dead.* are reserved'),
})

/**
 * The attributes that Colloquy keeps and does not read: CloudEvents' `subject`, `dataschema`, and extensions. Values are JSON.
 */
export type Attributes = Readonly<Record<string, unknown>>

/** A parsed input, before defaults are filled in. */
export type WireInput = z.output<typeof inputSchema> & { readonly attributes?: Attributes | undefined }

/** An envelope, or why it is none, as one line that names the attribute. */
export type ReadEnvelope = { readonly ok: true; readonly input: WireInput } | { readonly ok: false; readonly problem: string }

const READ: ReadonlySet<string> = new Set(Object.keys(inputSchema.shape))
/** `data` are always JSON, so this says nothing. */
const JSON_DATA = /^application\/json\s*(?:;|$)/i

/**
 * Reads an input as CloudEvents 1.0 defines it in JSON, whatever the transport. As there (JSON format, 2.2), `null` stands for an absent
 * attribute; as in RFC 3339, the letters of a time may be small.
 *
 * @param value parsed JSON.
 * @param isFromActor whether an actor sent it, which the subject tells. Default: false
 */
export function readEnvelope(value: unknown, isFromActor = false): ReadEnvelope {
  let envelope = value
  let others: [string, unknown][] | undefined
  if (isObject(value)) {
    let hasNull = false
    for (const name of Object.keys(value)) {
      if (value[name] === null) hasNull = true
      else if (!READ.has(name) && value[name] !== undefined) (others ??= []).push([name, value[name]])
    }
    if (hasNull) envelope = Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null))
    const { time: at } = value
    if (typeof at === 'string' && /[tz]/.test(at)) envelope = { ...(envelope as object), time: at.toUpperCase() }
    const contentType = others?.find(([name]) => name === 'datacontenttype')?.[1]
    if (contentType !== undefined && !(typeof contentType === 'string' && isJsonType(contentType.trim()))) {
      const problem = `datacontenttype: ${shown(contentType)} is not accepted; send a JSON object as data, and application/json or no type`
      return { ok: false, problem }
    }
    if (others?.some(([name]) => name === 'data_base64') === true) {
      return { ok: false, problem: 'data_base64: binary data are not accepted; send a JSON object as data' }
    }
    others = others?.filter(([name, one]) => name !== 'datacontenttype' || typeof one !== 'string' || !JSON_DATA.test(one))
  }
  const read = (isFromActor ? actorsInputSchema : inputSchema).safeParse(envelope, IN_WORDS)
  if (!read.success) return { ok: false, problem: zodProblem(read.error, '') }
  return { ok: true, input: others === undefined || others.length === 0 ? read.data : withAttributes(read.data, others) }
}

/** Attributes as texts, for the tables: a text as it is, any other value as JSON. */
export const attributeTexts = (attributes: Attributes): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]))

const withAttributes = (input: WireInput, others: readonly [string, unknown][]): WireInput => ({
  ...input,
  // Unlike an assignment, this makes a property of any name.
  attributes: Object.fromEntries(others),
})

const shown = (value: unknown): string => JSON.stringify(value).slice(0, SHOWN_CHARS_MAX).toWellFormed()
const SHOWN_CHARS_MAX = 100

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An input in a record, with its defaults. `data` is absent in a rejection. */
export interface Input {
  readonly type: string
  readonly id: string
  readonly source: string
  readonly time: string
  readonly sequence?: number
  readonly correlationid?: string
  readonly causationid?: string
  readonly traceparent?: string
  readonly history?: boolean
  readonly dataversion?: number
  readonly attributes?: Attributes
  readonly data?: { readonly [key: string]: unknown }
}
