import { labelNumber, labelText } from '../../schemas/event-readers.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { Asked, LogRecord } from '../../schemas/record.ts'
import type { ObservedMessage } from './observed-messages.ts'

export interface Turns {
  /** Questions so far. */
  readonly turns: number
  /** Those without an answer. */
  readonly open: readonly Asked[]
  readonly answered: NonNullable<LogRecord['answered']>
}

/**
 * Pairs questions with answers. A reply that names what it answers answers that; any other one, as a person's or an imported one,
 * answers all that waits. What is past and what is live do not answer each other.
 */
export function nextTurns(before: Pick<Turns, 'turns' | 'open'>, messages: readonly ObservedMessage[], at: string, label: LogRecord['label']): Turns {
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

/** The label says what is known of a live question; a machine is not shown those of the past. */
function question({ id, at, history, received }: ObservedMessage, turn: number, committedAt: string, label: LogRecord['label']): Asked {
  if (history) return { turn, id, seq: 0, at, committedAt, history, lang: received?.lang }
  return {
    turn, id, seq: 0, at, committedAt, lang: received?.lang ?? labelText(label, 'lang'), intent: labelText(label, 'intent'),
    confidence: labelNumber(label, 'confidence'),
  }
}

/** Questions as the record after theirs knows them: with the LOG sequence that theirs got. */
export const withLogSeq = (open: readonly Asked[], lastSeq: number | undefined): readonly Asked[] =>
  open.some(({ seq }) => seq === 0) ? open.map((asked) => (asked.seq === 0 ? { ...asked, seq: lastSeq } : asked)) : open
