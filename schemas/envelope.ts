import { z } from 'zod'

/** Types that only Colloquy itself may send. */
export const RESERVED_TYPE = /^(xstate|task|timer|dead)\./
/** Prefix of the ids that Colloquy gives to inputs without an id. */
export const RESERVED_ID_PREFIX = 'seq:'

const TIME_MIN = Date.parse('1970-01-01T00:00:00Z')
const TIME_MAX = Date.parse('2100-01-01T00:00:00Z')

const text = (max: number) => z.string().min(1).max(max)

const time = z.iso.datetime({ offset: true }).refine((value) => {
  const ms = Date.parse(value)
  return ms >= TIME_MIN && ms < TIME_MAX
}, 'must lie between 1970 and 2100')

/** CloudEvents writes `sequence` as a string; a number is accepted, too. */
const sequence = z.union([
  z.int().nonnegative(),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
])

/**
 * An input as a producer publishes it: CloudEvents 1.0 in JSON, with defaults. Other attributes are CloudEvents extensions; they are
 * accepted and not stored.
 */
export const inputSchema = z.object({
  specversion: z.literal('1.0').optional().meta({ description: 'CloudEvents version; optional' }),
  type: text(256)
    .refine((type) => !RESERVED_TYPE.test(type), 'types xstate.*, task.*, timer.* and dead.* are reserved')
    .meta({ description: 'Type of the event, such as message.received' }),
  data: z.record(z.string(), z.unknown()).meta({ description: 'The event itself: an object' }),
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

/** A parsed input, before defaults are filled in. */
export type WireInput = z.output<typeof inputSchema>

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
  readonly data?: { readonly [key: string]: unknown }
}

/** The first problem of a failed validation, as one line that names the field. */
export function zodProblem(error: z.ZodError, root: string): string {
  const issue = error.issues[0]
  if (issue === undefined) return `${root} is not valid`
  const field = [root, ...issue.path.map(String)].filter((part) => part !== '').join('.')
  return `${field}: ${issue.message}`
}
