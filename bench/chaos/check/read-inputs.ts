import type { Reason } from '../../../schemas/record.ts'
import { digestOf, type LedgerLine, type LoggedRecord, type Many } from './chaos-history.ts'
import type { ReportFinding } from './findings.ts'

/** A producer's message: its lines in the ledger and its records in LOG. */
interface SentMessage {
  readonly actor: string
  readonly content: string
  readonly payload: string
  readonly rejected: Reason | undefined
  /** Number of the message in the order in which messages were first sent. */
  readonly place: number
  copies: number
  /** Acknowledged positions. It is an array and not a set to save memory: there may be a million messages, and most have one position. */
  acknowledged: readonly number[]
  acknowledgements: number
  /** Positions with a record. */
  recorded: readonly number[]
  committed: boolean
}

/** Compares the producers' ledger with LOG. */
export interface Inputs {
  readonly sent: number
  readonly acknowledged: number
  /** Checks the record of a producer's message. @returns the reason with which every actor must reject the message */
  take(entry: LoggedRecord): Reason | undefined
  /** Digest of the payload of a message. */
  payloadOf(id: string): string | undefined
  /** Must be called after the last record. */
  finish(): void
}

export async function readInputs(ledger: Many<LedgerLine>, report: ReportFinding): Promise<Inputs> {
  const messages = new Map<string, SentMessage>()
  /** The newest message of each actor that has a committed record. */
  const lasts = new Map<string, { readonly id: string; readonly place: number }>()
  let acknowledged = 0
  for await (const line of ledger) {
    if (line.what === 'sent') {
      messages.set(line.id, {
        actor: line.actor,
        content: line.content,
        payload: line.payload,
        rejected: line.rejected,
        place: messages.size,
        copies: 1,
        acknowledged: [],
        acknowledgements: 0,
        recorded: [],
        committed: false,
      })
      continue
    }
    const message = messages.get(line.id)
    if (message === undefined) throw new Error(`the ledger mentions ${line.id} before it was sent`)
    if (line.what === 'again') message.copies += 1
    else {
      if (message.acknowledgements === 0) acknowledged += 1
      message.acknowledgements += 1
      if (!message.acknowledged.includes(line.position)) message.acknowledged = [...message.acknowledged, line.position]
    }
  }

  return {
    sent: messages.size,
    acknowledged,
    payloadOf: (id) => messages.get(id)?.payload,
    take({ seq, actor, record }) {
      const {
        input: { id, type, data },
        inbox,
        outcome,
      } = record
      const message = messages.get(id)
      if (message === undefined) {
        report('wrong_outcome', `LOG ${seq} records ${id}, which no producer sent`)
        return undefined
      }
      if (message.actor !== actor) report('wrong_outcome', `LOG ${seq} has ${id} at ${actor}; it was sent to ${message.actor}`)
      if (message.recorded.includes(inbox.seq)) report('twice', `LOG ${seq} records position ${inbox.seq} (${id}) again`)
      else message.recorded = [...message.recorded, inbox.seq]
      if (outcome === 'rejected') return message.rejected
      if (message.committed) report('twice', `LOG ${seq} commits ${id} again`)
      message.committed = true
      if (digestOf({ type, data }) !== message.content) report('wrong_outcome', `LOG ${seq} has ${id} with other content than was sent`)
      const last = lasts.get(actor)
      if (last !== undefined && last.place > message.place) {
        report('out_of_order', `LOG ${seq} has ${id} of ${actor} after ${last.id}, which was sent later`)
      }
      lasts.set(actor, { id, place: message.place })
      return message.rejected
    },
    finish() {
      for (const [id, message] of messages) {
        if (message.acknowledged.length === 0) continue
        const first = Math.min(...message.acknowledged)
        if (message.recorded.length === 0) report('lost', `${id} to ${message.actor}, acknowledged at ${first}, has no record`)
        else if (message.committed) checkPosition(id, message, first, report)
        else {
          const missing = message.acknowledged.filter((position) => !message.recorded.includes(position))
          for (const position of missing) report('lost', `${id}, acknowledged at ${position}, has no rejection with that position`)
        }
      }
    },
  }
}

/** The record must have the position of the first copy in INBOX. An unacknowledged copy may precede the acknowledged ones. */
function checkPosition(id: string, { recorded, copies, acknowledgements }: SentMessage, first: number, report: ReportFinding): void {
  const position = Math.min(...recorded)
  if (position > first) report('lost', `${id}, acknowledged at ${first}, has only a record with position ${position}`)
  if (position < first && copies === acknowledgements) {
    report('wrong_outcome', `${id}, first acknowledged at ${first}, has a record with position ${position}`)
  }
}
