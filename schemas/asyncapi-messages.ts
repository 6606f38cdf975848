import { z } from 'zod'
import { EMIT_EXAMPLES, type Example, INPUT_EXAMPLES } from './asyncapi-examples.ts'

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
export function jsonSchema(schema: z.ZodType) {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any' })
  return json
}

const EXAMPLE_TIME = '2026-11-20T10:00:00.000Z'

/**
 * A message of the channel `in`.
 *
 * @param kind the kind that declares it; undefined where every kind accepts it
 */
export function describeInput(type: string, schema: z.ZodType, kind?: string) {
  const examples = kind === undefined ? exampleList(INPUT_EXAMPLES, type) : []
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
    payload: envelopeSchema('Input', type, schema),
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
 * @param kind the kind that declares it; undefined where any kind may emit it
 */
export function describeOutput(type: string, schema: z.ZodType, kind?: string) {
  const examples = kind === undefined ? exampleList(EMIT_EXAMPLES, type) : []
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
    payload: envelopeSchema('OutEvent', type, schema),
    examples: examples.map(({ name, summary, data }) => ({
      name,
      summary,
      headers: { 'Nats-Msg-Id': event.id },
      payload: { ...event, data },
    })),
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
      payload: { description: 'The payload as published' },
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

/** The schema of an envelope whose `data` has one type. */
const envelopeSchema = (envelope: string, type: string, schema: z.ZodType) => ({
  allOf: [
    { $ref: `#/components/schemas/${envelope}` },
    { type: 'object', required: ['type', 'data'], properties: { type: { const: type }, data: jsonSchema(schema) } },
  ],
})
