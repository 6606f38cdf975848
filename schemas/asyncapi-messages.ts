import { z } from 'zod'
import { EMIT_EXAMPLES, type Example, INPUT_EXAMPLES } from './asyncapi-examples.ts'
import { inputSchema } from './envelope.ts'
import { KNOWN_EMITS, KNOWN_INPUTS, roleSchema } from './events.ts'
import { liveDelta, livePlace, liveReset, liveTyping } from './live-messages.ts'

/** An emitted event as published on OUT: a CloudEvent in JSON. */
export const outEventSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string().meta({ description: 'The same for every copy of one event; also its Nats-Msg-Id' }),
  type: z.string(),
  source: z.string().meta({ description: 'colloquy/<tenant>/<kind>/<id>' }),
  time: z.iso.datetime().meta({ description: 'When the machine emitted it' }),
  datacontenttype: z.literal('application/json'),
  sequence: z.string().regex(/^\d+$/).meta({ description: 'Rises with every event of the actor' }),
  causationid: z.string().meta({ description: 'Id of the input that caused it' }),
  correlationid: z.string().optional().meta({ description: 'From the input' }),
  traceparent: z.string().optional().meta({ description: 'From the input' }),
  position: z.int().meta({ description: 'INBOX sequence of the input that caused it' }),
  data: z.record(z.string(), z.unknown()),
})

/** The JSON schema of the values that may be sent: defaults are optional, transformations are not applied. */
export function jsonSchema(schema: z.ZodType): z.core.JSONSchema.JSONSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any' })
  return json
}

const EXAMPLE_TIME = '2026-11-20T10:00:00.000Z'

/**
 * A message of the channel `in`.
 *
 * @param name the name that generated code gives its type
 * @param kind the kind that declares it; undefined where every kind accepts it
 */
export function describeInput(type: string, given: z.ZodType, name: string, kind?: string) {
  const known = knownInput(type, given)
  const examples = known === undefined ? [] : exampleList(INPUT_EXAMPLES, type)
  const schema = known ?? given
  return {
    name: type,
    title: titleOf(type, kind),
    headers: headers(
      {
        'Nats-Msg-Id':
          'Unique over all actors and sources, such as <tenant>/<kind>/<id>/<source>/<id of the input>; '
          + 'JetStream drops a second message with it within 2 minutes',
      },
      [],
    ),
    payload: flatPayload(inputEnvelope, type, schema, name),
    examples: examples.map(({ name, summary, data }) => ({
      name,
      summary,
      headers: { 'Nats-Msg-Id': 'default/support/c1/web/m-1' },
      payload: { type, id: 'm-1', time: EXAMPLE_TIME, source: 'web', data },
    })),
  }
}

/**
 * A message of the channel `out`.
 *
 * @param name the name that generated code gives its type
 * @param kind the kind that declares it; undefined where any kind may emit it
 */
export function describeOutput(type: string, schema: z.ZodType, name: string, kind?: string) {
  const examples = isKnownEmit(type, schema) ? exampleList(EMIT_EXAMPLES, type) : []
  const event = {
    specversion: '1.0',
    id: '2f-mi7k3o00-e1',
    type,
    source: 'colloquy/default/support/c1',
    time: EXAMPLE_TIME,
    datacontenttype: 'application/json',
    sequence: '768',
    causationid: 'm-1',
    position: 87,
  }
  return {
    name: type,
    title: titleOf(type, kind),
    headers: headers({ 'Nats-Msg-Id': 'The id of the event' }),
    payload: flatPayload(outEventSchema, type, schema, name),
    examples: examples.map(({ name, summary, data }) => ({
      name,
      summary,
      headers: { 'Nats-Msg-Id': event.id },
      payload: { ...event, data },
    })),
  }
}

/** The messages of the channel `live`. */
export function liveMessages() {
  const example = { run: '2f-mi7k3o00-t1', attempt: 1 }
  return {
    'live.delta': {
      name: 'delta',
      title: 'A piece of a reply while it is written',
      payload: titled('LiveDelta', jsonSchema(liveDelta)),
      examples: [{ name: 'piece', summary: 'The first sentence', payload: { event: 'delta', ...example, index: 0, text: '三个工作日。' } }],
    },
    'live.reset': {
      name: 'reset',
      title: 'What was written so far does not count',
      payload: titled('LiveReset', jsonSchema(liveReset)),
      examples: [{ name: 'fallback', summary: 'Another model steps in', payload: { event: 'reset', ...example, reason: 'model_timeout' } }],
    },
    'live.place': {
      name: 'place',
      title: 'The place of a run that waits in the queue of its task',
      payload: titled('LivePlace', jsonSchema(livePlace)),
      examples: [
        {
          name: 'place',
          summary: 'Two questions are answered before this one',
          payload: { event: 'place', task: 'answer', queuePlace: 3, expectedMs: 4_200 },
        },
      ],
    },
    'live.typing': {
      name: 'typing',
      title: 'Somebody is writing a message',
      payload: titled('LiveTyping', jsonSchema(liveTyping)),
      examples: [{ name: 'typing', summary: 'A colleague writes', payload: { event: 'typing', who: '李敏', role: 'agent', forMs: 6_000 } }],
    },
  }
}

/** The messages of the channel `dead`. */
export function deadLetterMessages() {
  const about = { 'Colloquy-At': EXAMPLE_TIME, 'Colloquy-Log-Seq': '5012', 'Colloquy-Inbox-Seq': '5120' }
  return {
    'dead.rejected': {
      name: 'rejected',
      title: 'A rejected input',
      contentType: 'application/octet-stream',
      headers: headers(
        {
          ...DEAD_HEADERS,
          'Colloquy-Subject': 'The subject it was published to',
          'Colloquy-Payload': '"excerpt" where the full payload was no longer available',
        },
        Object.keys(DEAD_HEADERS),
      ),
      payload: { title: 'RejectedInput', description: 'The payload as published; of an input in binary mode, its structured form' },
      examples: [
        {
          name: 'rubbish',
          summary: 'The payload is not JSON',
          headers: { ...about, 'Nats-Msg-Id': 'dead-5012-5120', 'Colloquy-Reason': 'bad_json', 'Colloquy-Error': 'not JSON' },
          payload: '你好',
        },
      ],
    },
    'dead.task_failed': {
      name: 'task_failed',
      title: 'A task that failed for good',
      contentType: 'application/json',
      headers: headers({ ...DEAD_HEADERS, 'Colloquy-Task': 'Name of the task' }),
      payload: { $ref: '#/components/schemas/TaskEnd' },
      examples: [
        {
          name: 'unreachable',
          summary: 'Every attempt failed',
          headers: {
            ...about,
            'Nats-Msg-Id': 'dead-2f-mi7k3o00-t1',
            'Colloquy-Reason': 'task_failed',
            'Colloquy-Error': 'http_503: no answer',
            'Colloquy-Task': 'answer',
          },
          payload: {
            run: '2f-mi7k3o00-t1',
            task: 'answer',
            status: 'failed',
            startedAt: EXAMPLE_TIME,
            attempts: 5,
            queueMs: 3,
            durationMs: 9120,
            error: { code: 'http_503', message: 'no answer' },
          },
        },
      ],
    },
  }
}

const DEAD_HEADERS = {
  'Nats-Msg-Id': 'The same for every copy of one dead letter',
  'Colloquy-Reason': 'The reason, as in the subject',
  'Colloquy-Error': 'The problem, and the field that has it; percent-encoded where it is not ASCII',
  'Colloquy-At': 'When it was decided',
  'Colloquy-Log-Seq': 'LOG sequence of the record',
  'Colloquy-Inbox-Seq': 'INBOX sequence of the input: its position',
}

/** The schema of a message's headers, from their descriptions. Default: all of them are required. */
const headers = (meanings: Readonly<Record<string, string>>, required = Object.keys(meanings)) => ({
  type: 'object',
  required,
  properties: Object.fromEntries(Object.entries(meanings).map(([name, description]) => [name, { type: 'string', description }])),
})

const titleOf = (type: string, kind: string | undefined): string => (kind === undefined ? type : `${type} (${kind})`)

const exampleList = (examples: Readonly<Record<string, readonly Example[]>>, type: string): readonly Example[] => examples[type] ?? []

/** The attributes of an input, with those of CloudEvents that Colloquy keeps and does not read. */
const inputEnvelope = inputSchema.extend({
  subject: z.string().optional().meta({ description: 'CloudEvents: what the event is about. Kept with the input' }),
  dataschema: z.string().optional().meta({ description: 'CloudEvents: URI of the schema of data. Kept with the input' }),
})

/** What a producer may leave out although the schema of a kind names it. */
const knownInput = (type: string, schema: z.ZodType): z.ZodType | undefined =>
  type === 'message.received' && schema === KNOWN_INPUTS[type]
    ? KNOWN_INPUTS[type].extend({ role: roleSchema.default('user').meta({ description: 'Author of the message' }) })
    : Object.hasOwn(KNOWN_INPUTS, type) && KNOWN_INPUTS[type as keyof typeof KNOWN_INPUTS] === schema
      ? schema
      : undefined

const isKnownEmit = (type: string, schema: z.ZodType): boolean =>
  Object.hasOwn(KNOWN_EMITS, type) && KNOWN_EMITS[type as keyof typeof KNOWN_EMITS] === schema

/** One object schema, without references, so that generators make one type of it. Its title is the name of that type. */
function flatPayload(envelope: z.ZodObject, type: string, schema: z.ZodType, title: string): JsonSchema {
  const { properties, required = [], ...more } = jsonSchema(envelope)
  return titled(title, {
    ...more,
    required: [...new Set([...required, 'type', 'data'])],
    properties: { ...properties, type: { type: 'string', const: type }, data: jsonSchema(schema) },
  })
}

type JsonSchema = z.core.JSONSchema.JSONSchema

/** Gives a title to a schema, and to all in it that are more than a plain type, so that every generated type has a name. */
export function titled(title: string, schema: JsonSchema): JsonSchema {
  const inside = <Part extends JsonSchema | boolean>(name: string, part: Part): Part | JsonSchema =>
    typeof part === 'boolean' || !isNamed(part) ? part : titled(`${title}${wordsOf(name)}`, part)
  const options = (of: readonly JsonSchema[]): JsonSchema[] => of.map((part, at) => inside(`option ${at + 1}`, part))
  const { properties, items, additionalProperties, anyOf, oneOf, default: given, ...more } = schema
  return {
    ...(schema.type === 'array' ? {} : { title }),
    ...more,
    // Modelina writes Java that does not compile for the default of a list.
    ...(given === undefined || Array.isArray(given) ? {} : { default: given }),
    ...(properties === undefined ? {} : { properties: mapValues(properties, (name, part) => inside(name, part)) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: inside('value', additionalProperties) }),
    ...(items === undefined
      ? {}
      : {
          items: Array.isArray(items)
            ? items.map((part: JsonSchema | boolean, at) => inside(`item ${at + 1}`, part))
            : inside('item', items as JsonSchema),
        }),
    ...(anyOf === undefined ? {} : { anyOf: options(anyOf) }),
    ...(oneOf === undefined ? {} : { oneOf: options(oneOf) }),
  }
}

const isNamed = ({ type, anyOf, oneOf, enum: values }: JsonSchema): boolean =>
  type === 'object' || type === 'array' || anyOf !== undefined || oneOf !== undefined || values !== undefined

const mapValues = <Value, Result>(object: Readonly<Record<string, Value>>, map: (name: string, value: Value) => Result) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(name, value)]))

/** Words as one name in any language: `message.received` is `MessageReceived`. A letter beyond ASCII becomes a word with its code point. */
export const wordsOf = (text: string): string =>
  text
    .replace(/[^\p{ASCII}]/gu, (letter) => ` U${letter.codePointAt(0)?.toString(16)} `)
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
