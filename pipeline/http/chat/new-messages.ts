import { hash } from 'node:crypto'
import { actorKey, type Address } from '../../../schemas/subjects.ts'
import { HttpProblem } from '../problems.ts'
import type { AskedMessage } from './ask.ts'
import { type CompletionRequest, dialogueOf, givenTurns } from './completion-request.ts'
import { type ConversationEnd, turnsIn } from './conversation-end.ts'
import { matchHistory } from './match-history.ts'
import { NO_RETRY } from './openai-errors.ts'

/** What a client asks: the messages that are new, and those recorded before whose reply it asks for again. */
export interface Asking {
  readonly messages: readonly AskedMessage[]
  readonly recorded: readonly string[]
}

/**
 * Compares the history of a client with the recorded one.
 *
 * @param key id of the last message; default: one that follows from the conversation
 * @throws HttpProblem 409 `history_conflict`, with both
 */
export function newMessages(address: Address, request: CompletionRequest, end: ConversationEnd, key: string | undefined): Asking {
  const said = dialogueOf(request)
  const given = givenTurns(said)
  const known = turnsIn(end.records)
  if (key !== undefined && known.some(({ id }) => id === key)) return { messages: [], recorded: [key] }
  const count = matchHistory(known, given, { isWhole: end.isWhole, isLastNew: key !== undefined })
  if (count === undefined) {
    const recorded = known.flatMap(({ text, replies }) => [
      { role: 'user', content: text },
      ...replies.map((content) => ({ role: 'assistant', content })),
    ])
    const detail =
      'the messages contradict the recorded conversation, and nothing was stored; continue from "recorded", '
      + 'or begin a new conversation without the id of this one'
    throw new HttpProblem('history_conflict', detail, { headers: NO_RETRY, more: { param: 'messages', recorded, given: said } })
  }
  const messages: AskedMessage[] = []
  let before = known.at(-1)?.id ?? actorKey(address)
  for (const [index, { text }] of given.slice(count).entries()) {
    const isLast = count + index === given.length - 1
    const id = isLast && key !== undefined ? key : idAfter(before, text)
    messages.push({ id, data: { role: 'user', text } })
    before = id
  }
  const last = known.at(-1)?.id
  return { messages, recorded: messages.length > 0 || last === undefined ? [] : [last] }
}

/** The id of a message: the same when the request is repeated, also before its first copy is recorded. */
const idAfter = (before: string, text: string): string => `chat-${hash('sha256', `${before}\n${text}`, 'base64url').slice(0, 24)}`
