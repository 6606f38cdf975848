import { z } from 'zod'
import { readReceived, readSent } from '../../../schemas/event-readers.ts'
import { roleSchema } from '../../../schemas/events.ts'
import { ALL_OF_SEQ, eventIdOf } from '../../../schemas/stream-events.ts'
import type { FollowedRecord } from '../../streams/followed-record.ts'

const buttonSchema = z.object({ id: z.string(), label: z.string() })

/** A message as people in the conversation see it: nothing of how it was made, but its sources. */
export const seenMessage = z.object({
  id: z.string().meta({ description: 'Id of the message, or of its event' }),
  role: roleSchema,
  text: z.string(),
  at: z.iso.datetime().meta({ description: 'When it was decided' }),
  kind: z.string().meta({ description: 'Kind of the actor that has it: the target of a front. Feedback goes there' }),
  agent: z.string().optional().meta({ description: 'Who of the desk wrote it' }),
  sources: z.array(z.string()).optional().meta({ description: 'Sources of the answer, best first' }),
  buttons: z.array(buttonSchema).optional().meta({ description: 'What the person may press' }),
})
export type SeenMessage = z.output<typeof seenMessage>

/** What the person is asked to fill in, with what was wrong with what was submitted. */
const formSchema = z.object({
  id: z.string(),
  title: z.string(),
  fields: z.array(z.looseObject({})),
  problems: z.array(z.looseObject({})).optional(),
})
const idSchema = z.object({ id: z.string() })
const ratedSchema = z.object({ answer: z.string(), thumbs: z.enum(['up', 'down']) })
/** Events beside messages that people see, by type: what they see of each. */
const SEEN_EVENTS = new Map<string, z.ZodType>([
  ['form.asked', formSchema],
  ['form.completed', idSchema],
])

/** An event of the stream of a conversation. */
export interface SeenEvent {
  readonly type: string
  readonly data: object
}

/** What people see of a record. `id` is that after which a stream goes on that has all of it. */
export interface SeenRecord {
  readonly id: number
  readonly events: readonly SeenEvent[]
}

/**
 * What people see of a record of a conversation.
 *
 * @param kind of the conversation. Its front has what people write; the targets of a front have what is answered, and what agents write
 */
export function seenRecord(kind: string, followed: FollowedRecord): SeenRecord {
  const { seq, record, own, all } = followed
  const id = eventIdOf({ seq, index: ALL_OF_SEQ })
  const { input, outcome, at, emitted } = record
  if (outcome !== 'committed') return { id, events: [] }
  const events: SeenEvent[] = []
  const from = { at, kind: followed.kind }
  const received = input.type === 'message.received' ? readReceived(input.data) : undefined
  if (received !== undefined && received.role !== 'system' && (followed.kind === kind || received.role === 'agent')) {
    const { role, text, agent } = received
    events.push({
      type: 'message',
      data: { id: input.id, role, text, ...from, ...(agent !== undefined && { agent }) } satisfies SeenMessage,
    })
  }
  if (input.type === 'button.pressed') {
    const pressed = idSchema.safeParse(input.data).data
    if (pressed !== undefined) events.push({ type: 'button.pressed', data: pressed })
  }
  if (input.type === 'feedback.given') {
    const rated = ratedSchema.safeParse(input.data).data
    if (rated !== undefined) events.push({ type: 'feedback.given', data: rated })
  }
  const isShown = new Set((followed.kind === kind ? own : all).map((event) => event.id))
  for (const [place, { id: eventId, type, data }] of emitted.entries()) {
    if (!isShown.has(eventIdOf({ seq, index: place + 1 }))) continue
    const sent = type === 'message.sent' ? readSent(data) : undefined
    if (sent !== undefined)
      events.push({ type: 'message', data: { id: eventId, role: 'assistant', text: sent.text, ...from, ...shownOf(data) } })
    const other = SEEN_EVENTS.get(type)?.safeParse(data).data
    if (other !== undefined) events.push({ type, data: { ...(other as object), kind: followed.kind } })
  }
  return { id, events }
}

const sourcesSchema = z.array(z.object({ source: z.string() }))

/** What people see of a reply beside its text. */
export function shownOf({ sources, buttons }: Readonly<Record<string, unknown>>): Pick<SeenMessage, 'sources' | 'buttons'> {
  const read = sourcesSchema.safeParse(sources).data ?? []
  const pressable = z.array(buttonSchema).safeParse(buttons).data ?? []
  return {
    ...(read.length > 0 && { sources: [...new Set(read.map(({ source }) => source))] }),
    ...(pressable.length > 0 && { buttons: pressable }),
  }
}
