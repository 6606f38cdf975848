import { messageReceived, messageSent } from '../schemas/events.ts'
import type { Input } from '../schemas/input.ts'
import type { Case, Emitted } from '../schemas/record.ts'

/**
 * The running counts after one record; what counts as said is what the table `messages` has a row for. A case is opened by the
 * first input, closed by an emitted `case.closed`, and the next thing that somebody says opens another.
 */
export function nextCase(before: Case | undefined, input: Input | undefined, emitted: readonly Emitted[], at: string): Case {
  const role = input?.type === 'message.received' ? messageReceived.safeParse(input.data).data?.role : undefined
  const sent = emitted.filter((event) => event.type === 'message.sent' && messageSent.safeParse(event.data).success).length
  const closed = emitted.some((event) => event.type === 'case.closed')
  const last = before ?? { no: 1, openedAt: at, closed: false, firstAt: at, messages: 0, userMessages: 0, botMessages: 0, agentMessages: 0 }
  const reopened = last.closed && role !== undefined && input?.history !== true
  return {
    no: reopened ? last.no + 1 : last.no,
    openedAt: reopened ? at : last.openedAt,
    closed: closed || (last.closed && !reopened),
    firstAt: last.firstAt,
    messages: last.messages + (role === undefined ? 0 : 1) + sent,
    userMessages: last.userMessages + (role === 'user' ? 1 : 0),
    botMessages: last.botMessages + (role === 'assistant' ? 1 : 0) + sent,
    agentMessages: last.agentMessages + (role === 'agent' ? 1 : 0),
  }
}
