import { z } from 'zod'
import { roleSchema } from '../../../schemas/events.ts'
import { zodProblem } from '../../../schemas/envelope.ts'
import { decodeUtf8, parseJson } from '../../../schemas/json.ts'
import { inputProblem, type OutgoingInput } from '../../producer/input-sender.ts'
import { actorIdOf } from './import-actor-id.ts'
import type { Line } from '../line-file.ts'

const lang = z.string().max(35).optional()
const conversationSchema = z.object({
  id: z.union([z.string(), z.int().transform(String)]),
  lang,
  turns: z.array(z.object({ role: roleSchema, text: z.string(), lang })).min(1),
})

/** A conversation as inputs of one actor, in their order. */
export interface Conversation {
  readonly actorId: string
  readonly inputs: readonly OutgoingInput[]
  readonly bytes: number
}

/** Which inputs a conversation becomes: all of it as something past, or what its users say, live. */
export type Mode = 'history' | 'live'

/** Of these a later import knows what is there already: a `sequence` that does not rise is a repeat. */
export const TURN_SOURCE = 'import'
const END_SOURCE = 'import/end'

/**
 * Reads a line of a file of conversations; `undefined` where it is blank. Of a conversation in which anything is wrong nothing
 * is to be imported.
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
  if (actorId === undefined) return { problem: 'id: empty, not well-formed, or longer than an actor\'s id can hold (93 bytes)' }

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
    type: 'message.received', id: `${actorId}-${index + 1}`, source: TURN_SOURCE, sequence: index + 1,
    data: { role, text, lang: own ?? common },
  }))

const historyOf = (actorId: string, told: PublishedTurn): OutgoingInput[] => [
  ...turnsOf(actorId, told).map((input) => ({ ...input, history: true })),
  {
    type: 'conversation.imported', id: `imported-${told.turns.length}`, source: END_SOURCE, sequence: told.turns.length,
    data: { turns: told.turns.length },
  },
]

const liveOf = (actorId: string, told: PublishedTurn): OutgoingInput[] =>
  turnsOf(actorId, told).filter((input) => input.data.role === 'user')
