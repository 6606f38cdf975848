import type { z } from 'zod'
import { deadLetterMessages, describeInput, describeOutput, jsonSchema, liveMessages, titled, wordsOf } from './asyncapi-messages.ts'
import { CLIENT_DOMAIN, EVENTS_CONSUMER } from './client-access.ts'
import { JUDGEMENTS, KNOWN_EMITS, KNOWN_INPUTS } from './events.ts'
import { LIMITS } from './limits.ts'
import { REASONS, recordSchema } from './record.ts'
import { TOKEN } from './subjects.ts'

type Schemas = Readonly<Record<string, z.ZodType>>

/** The part of a kind that its producers and consumers need to know. */
export interface DescribedKind {
  readonly name: string
  readonly version: number
  readonly events: Schemas
  readonly emits: Schemas
}

/** The versions of AsyncAPI that the document is valid in. Generators such as Modelina 5 read only the older one. */
export const ASYNCAPI_VERSIONS = ['3.1.0', '3.0.0'] as const
export type AsyncApiVersion = (typeof ASYNCAPI_VERSIONS)[number]

/**
 * Describes the interface for producers and consumers in other languages as an AsyncAPI document, generated from the schemas that
 * Colloquy validates with.
 *
 * @param kinds kinds whose own events are described besides those that every kind accepts and emits
 */
export function asyncApiDocument(kinds: readonly DescribedKind[] = [], version: AsyncApiVersion = '3.1.0') {
  const events = kinds.map(({ name, events }) => ({ name, schemas: events }))
  const emits = kinds.map(({ name, emits }) => ({ name, schemas: emits }))
  const inputs = describeAll('in', 'Input', { ...KNOWN_INPUTS, ...JUDGEMENTS }, events, describeInput)
  const outputs = describeAll('out', 'Event', KNOWN_EMITS, emits, describeOutput)
  const live = liveMessages()
  const dead = deadLetterMessages()
  const address = addressParameters(kinds)
  return {
    asyncapi: version,
    info: {
      title: 'Colloquy',
      version: '1.0.0',
      description:
        'One durable statechart per conversation. Producers publish inputs to NATS JetStream. Colloquy decides each input '
        + 'once, in order per actor, and publishes the events that the machine emits.'
        + (kinds.length === 0 ? '' : ` Kinds: ${kinds.map(({ name, version }) => `${name}@${version}`).join(', ')}.`),
    },
    defaultContentType: 'application/json',
    servers: {
      local: {
        host: '127.0.0.1:4222',
        protocol: 'nats',
        description: 'The embedded server; COLLOQUY_NATS_PORT sets its port, COLLOQUY_NATS_URL selects another server',
      },
    },
    channels: {
      in: {
        address: 'in.{tenant}.{kind}.{id}',
        title: 'Inputs of an actor',
        description:
          'Stored in the stream INBOX. Publish as a request: `seq` in the answer is the position of the input. In the binary mode of '
          + 'CloudEvents, the attributes are headers ce-<name>, and the payload is the data. '
          + `At most ${LIMITS.inputBytesMax} bytes. An input of an unlisted type is recorded and changes nothing; `
          + 'the types xstate.*, task.* and timer.* are rejected.',
        parameters: address,
        messages: refs('#/components/messages', inputs),
      },
      out: {
        address: 'out.{tenant}.{kind}.{id}.{type}',
        title: 'Events that machines emit',
        description:
          'In the order of the actor; delivered at least once, with the id of the event as Nats-Msg-Id. Subscribe to hear events as they '
          + `come. The stream OUT keeps them for a limited time: to miss none, pull them from its durable consumer "${EVENTS_CONSUMER}", `
          + `in the JetStream domain "${CLIENT_DOMAIN}".`,
        parameters: { ...address, type: { description: 'Type of the event; its dots separate tokens of the subject' } },
        messages: refs('#/components/messages', outputs),
      },
      live: {
        address: 'live.{tenant}.{kind}.{id}',
        title: 'Replies while they are written',
        description:
          'Core NATS: nothing keeps these messages, and one can be lost. They are provisional; only message.sent is the reply. What they '
          + 'tell of it joins to its text, or a reset comes first.',
        parameters: address,
        messages: refs('#/components/messages', live),
      },
      dead: {
        address: 'dead.{reason}.{tenant}.{kind}.{id}',
        title: 'Rejected inputs and tasks that failed for good',
        description:
          'Kept in the stream DEAD, for `colloquy dead`; clients without a name do not hear it. Where the subject of an input is invalid, '
          + 'kind and id are "_".',
        parameters: { reason: { enum: [...REASONS], description: 'Why' }, ...address },
        messages: refs('#/components/messages', dead),
      },
    },
    operations: {
      receiveInput: operation('receive', 'in', 'Colloquy accepts an input', inputs),
      sendEvent: operation('send', 'out', 'Colloquy publishes an event that a machine emitted', outputs),
      sendPiece: operation('send', 'live', 'Colloquy tells what a task writes', live),
      sendDeadLetter: operation('send', 'dead', 'Colloquy publishes a dead letter', dead),
    },
    components: {
      schemas: { TaskEnd: titled('TaskEnd', jsonSchema(recordSchema.shape.ended.element)) },
      messages: { ...inputs, ...outputs, ...live, ...dead },
    },
  }
}

type Describe<Message> = (type: string, schema: z.ZodType, name: string, kind?: string) => Message
type Messages<Message = unknown> = Readonly<Record<string, Message>>

/** The messages of one direction: the known ones, for kinds that do not declare them, and one for each type of each kind. */
function describeAll<Message>(
  prefix: string,
  suffix: string,
  known: Schemas,
  kinds: readonly { name: string; schemas: Schemas }[],
  describe: Describe<Message>,
): Messages<Message> {
  const messages: Record<string, Message> = {}
  const names = new Set<string>()
  const nameOf = (type: string, kind = ''): string => uniqueName(names, wordsOf(`${kind} ${type} ${suffix}`))
  for (const [type, schema] of Object.entries(known)) messages[`${prefix}.${type}`] = describe(type, schema, nameOf(type))
  for (const { name, schemas } of kinds) {
    for (const [type, schema] of Object.entries(schemas)) {
      messages[`${prefix}.${name}.${componentKey(type)}`] = describe(type, schema, nameOf(type, name), name)
    }
  }
  return messages
}

/** Types such as `a.b`, `a_b` and `ab` differ in characters that no name has, or in letters that generators write small. */
function uniqueName(names: Set<string>, name: string): string {
  let unique = name
  for (let more = 2; names.has(unique.toLowerCase()); more++) unique = `${name}${more}`
  names.add(unique.toLowerCase())
  return unique
}

/** Keys of AsyncAPI components allow fewer characters than event types. */
const componentKey = (type: string): string => type.replace(/[^A-Za-z0-9._-]/gu, (char) => `_${char.codePointAt(0)?.toString(16)}`)

const refs = (place: string, messages: Messages): Record<string, { $ref: string }> =>
  Object.fromEntries(Object.keys(messages).map((key) => [key, { $ref: `${place}/${key}` }]))

const operation = (action: 'send' | 'receive', channel: string, title: string, messages: Messages) => ({
  action,
  title,
  channel: { $ref: `#/channels/${channel}` },
  messages: Object.values(refs(`#/channels/${channel}/messages`, messages)),
})

const addressParameters = (kinds: readonly DescribedKind[]) => ({
  tenant: { description: `Matches ${TOKEN.source}`, default: 'default' },
  kind: { description: 'Kind of the actor', ...(kinds.length === 0 ? {} : { enum: kinds.map(({ name }) => name) }) },
  id: { description: `Id of the actor, such as a conversation's; matches ${TOKEN.source}` },
})
