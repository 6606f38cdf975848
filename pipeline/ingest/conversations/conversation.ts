import { z } from 'zod'
import { zodProblem } from '../../../schemas/envelope.ts'
import { roleSchema } from '../../../schemas/events.ts'
import { decodeUtf8, parseJson } from '../../../schemas/json.ts'
import { TOKEN } from '../../../schemas/subjects.ts'
import { inputProblem, type OutgoingInput } from '../../producer/input-sender.ts'
import type { Line } from '../line-file.ts'

const lang = z.string().max(35).optional()
const conversationSchema = z.object({
  id: z.union([z.string(), z.int().transform(String)]),
  lang,
  turns: z.array(z.object({ role: roleSchema, text: z.string(), lang })).min(1),
})

/** A conversation as the inputs of one actor, in order. */
export interface Conversation {
  readonly actorId: string
  readonly inputs: readonly OutgoingInput[]
  readonly bytes: number
}

/** `history` imports all turns as past messages; `live` sends only the turns of users, as new messages. */
export type Mode = 'history' | 'live'

/** Source of the turns. A later import recognises a turn that the actor already has by its `sequence`. */
export const TURN_SOURCE = 'import'
const END_SOURCE = 'import/end'

/**
 * Reads a conversation from a line of a file.
 *
 * @returns the conversation; `undefined` for a blank line; a problem if any part of the line is invalid. Import nothing of such a line.
 */
export function readConversation(line: Line, mode: Mode): Conversation | { readonly problem: string } | undefined {
  if (line.problem !== undefined) return { problem: line.problem }
  const text = decodeUtf8(line.bytes)
  if (text === undefined) return { problem: 'not UTF-8' }
  if (text.trim() === '') return undefined
  const value = parseJson(text)
  if (value === undefined) return { problem: 'not JSON' }
  const read = conversationSchema.safeParse(value)
  if (!read.success) return { problem: zodProblem(read.error, '') }
  const actorId = actorIdOf(read.data.id)
  if (actorId === undefined) return { problem: 'id: must be well-formed and have 1 to 93 bytes, which is what an actor id can hold' }

  const inputs = mode === 'history' ? historyOf(actorId, read.data) : liveOf(actorId, read.data)
  for (const input of inputs) {
    const problem = inputProblem(input)
    if (problem !== undefined) return { problem: `input ${input.id}: ${problem}` }
  }
  return { actorId, inputs, bytes: line.bytes.length }
}

type PublishedTurn = z.output<typeof conversationSchema>

const turnsOf = (actorId: string, { turns, lang: common }: PublishedTurn): (OutgoingInput & { data: { role: string } })[] =>
  turns.map(({ role, text, lang: own }, index) => ({
    type: 'message.received',
    id: `${actorId}-${index + 1}`,
    source: TURN_SOURCE,
    sequence: index + 1,
    data: { role, text, lang: own ?? common },
  }))

const historyOf = (actorId: string, conversation: PublishedTurn): OutgoingInput[] => [
  ...turnsOf(actorId, conversation).map((input) => ({ ...input, history: true })),
  {
    type: 'conversation.imported',
    id: `imported-${conversation.turns.length}`,
    source: END_SOURCE,
    sequence: conversation.turns.length,
    data: { turns: conversation.turns.length },
  },
]

const liveOf = (actorId: string, conversation: PublishedTurn): OutgoingInput[] =>
  turnsOf(actorId, conversation).filter((input) => input.data.role === 'user')

const ENCODED = 'b64-'

/**
 * The actor id for the id of a conversation. An id that is a valid token is kept. Any other id, and one that starts with `b64-`, becomes
 * `b64-` and the base64url of its UTF-8 bytes, so that different ids stay different. Returns `undefined` for an id that is empty, not
 * well-formed, or longer than 93 bytes.
 */
export function actorIdOf(id: string): string | undefined {
  if (TOKEN.test(id) && !id.startsWith(ENCODED)) return id
  const token = `${ENCODED}${Buffer.from(id).toString('base64url')}`
  return id !== '' && id.isWellFormed() && TOKEN.test(token) ? token : undefined
}

/** Inverse of `actorIdOf`. */
export const conversationIdOf = (actorId: string): string =>
  actorId.startsWith(ENCODED) ? Buffer.from(actorId.slice(ENCODED.length), 'base64url').toString() : actorId
