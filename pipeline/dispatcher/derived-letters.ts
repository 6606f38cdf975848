import { messageOf } from '../../schemas/errors.ts'
import { type Address, deadSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { publishWithRetry, type RetryDeps } from '../jetstream/publish-with-retry.ts'
import { nextOf } from '../jetstream/stream-info.ts'
import { headerText } from './dead-letter-messages.ts'

/**
 * Reasons of dead letters about what a stage derives from LOG: a text of the search index, a row of a table, a judgement, a call of a
 * hook. They have no input, so they cannot be redriven, and no record says that they were dropped.
 */
const DERIVED_REASONS = ['embed_failed', 'row_refused', 'judge_failed', 'hook_failed'] as const
export type DerivedReason = (typeof DERIVED_REASONS)[number]

export const isDerived = (reason: string): boolean => DERIVED_REASONS.some((one) => one === reason)

export interface DerivedLetter {
  readonly reason: DerivedReason
  readonly address: Address
  /** The message id, which names the text or row. */
  readonly id: string
  /** LOG sequence and time of the record. */
  readonly logSeq: number
  readonly at: string
  readonly error: unknown
  readonly payload: string
}

/** Publishes to DEAD what its store refuses, so that the stage can continue. Repeated calls publish one message. */
export async function publishDerivedLetter(deps: RetryDeps, letter: DerivedLetter): Promise<void> {
  const { reason, address, id, logSeq, at, error, payload } = letter
  await publishWithRetry(deps, deadSubject(reason, address), payload, {
    msgId: id,
    headers: {
      'Colloquy-Log-Seq': String(logSeq),
      'Colloquy-At': at,
      'Colloquy-Reason': reason,
      'Colloquy-Error': headerText(messageOf(error)),
    },
  })
  deps.metrics.deadLetters.inc({ reason })
}

/** Max dead letters of one actor that are read. */
const READ_MAX = 1_000

/** Which of these letters of one actor DEAD has, by their message ids. */
export async function knownLetters(
  { jsm }: Pick<JetStreamContext, 'jsm'>,
  reason: DerivedReason,
  address: Address,
  ids: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (let next = 1, read = 0; read < READ_MAX && found.size < ids.size; read++) {
    const message = await nextOf(jsm, 'DEAD', next, deadSubject(reason, address))
    if (message === null) break
    const id = message.header.get('Nats-Msg-Id')
    if (ids.has(id)) found.add(id)
    next = message.seq + 1
  }
  return found
}
