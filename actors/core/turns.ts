import { labelNumber, labelText } from '../../schemas/event-readers.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { Asked, LogRecord } from '../../schemas/record.ts'
import type { ObservedMessage } from './observed-messages.ts'

/** The turns of an actor after a record, and the questions that the record answers. */
export interface Turns {
  /** Number of questions so far. */
  readonly turns: number
  /** Questions without an answer, oldest first. */
  readonly open: readonly Asked[]
  readonly answered: NonNullable<LogRecord['answered']>
}

/**
 * Pairs questions with answers. A reply with `replyTo` answers that question. A reply without one, such as a person's or an imported one,
 * answers all open questions. History and live messages do not answer each other.
 */
export function nextTurns(
  before: Pick<Turns, 'turns' | 'open'>,
  messages: readonly ObservedMessage[],
  at: string,
  label: LogRecord['label'],
): Turns {
  if (messages.length === 0) return { ...before, answered: [] }
  let { turns } = before
  let open = [...before.open]
  const answered: Turns['answered'] = []
  for (const message of messages) {
    if (message.role === 'user') {
      turns += 1
      open = [...open.slice(-(LIMITS.openTurnsMax - 1)), question(message, turns, at, label)]
    } else if (message.role !== 'system') {
      const isAnswered = answers(message)
      answered.push(...open.filter(isAnswered).map((asked) => ({ ...asked, idx: message.idx })))
      open = open.filter((asked) => !isAnswered(asked))
    }
  }
  return { turns, open, answered }
}

function answers({ sent, history }: ObservedMessage): (asked: Asked) => boolean {
  const replyTo = sent?.replyTo
  return (asked) => (replyTo === undefined ? (asked.history === true) === history : asked.id === replyTo)
}

/** The label describes the current question. It says nothing about history, which the machine does not see. */
function question({ id, at, history, received }: ObservedMessage, turn: number, committedAt: string, label: LogRecord['label']): Asked {
  if (history) return { turn, id, seq: 0, at, committedAt, history, lang: received?.lang }
  return {
    turn,
    id,
    seq: 0,
    at,
    committedAt,
    lang: received?.lang ?? labelText(label, 'lang'),
    intent: labelText(label, 'intent'),
    confidence: labelNumber(label, 'confidence'),
  }
}

/** Fills in the LOG sequence of questions from the last record, which was unknown while that record was being made. */
export const withLogSeq = (open: readonly Asked[], lastSeq: number | undefined): readonly Asked[] =>
  open.some(({ seq }) => seq === 0) ? open.map((asked) => (asked.seq === 0 ? { ...asked, seq: lastSeq } : asked)) : open
