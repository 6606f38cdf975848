import type { Reason } from '../../../schemas/record.ts'
import type { Find } from './findings.ts'
import { digestOf, type LedgerLine, type LoggedRecord } from './chaos-history.ts'

/** A producer's message: what the producer knows of it, and what LOG says. */
interface Message {
  readonly actor: string
  readonly content: string
  readonly payload: string
  readonly rejected: Reason | undefined
  /** Place among all messages, in the order in which they were first sent. */
  readonly place: number
  copies: number
  /** Positions that producers were told; of most messages one, so that of a million there are no million sets. */
  acknowledged: readonly number[]
  acknowledgements: number
  /** Positions that have a record. */
  recorded: readonly number[]
  committed: boolean
}

/** What the producers wrote down, held against the log. */
export interface Inputs {
  readonly sent: number
  readonly acknowledged: number
  /** Takes the record of a producer's message. @returns why it had to be rejected, whatever the actor */
  take(entry: LoggedRecord): Reason | undefined
  /** Digest of the payload of a message. */
  payloadOf(id: string): string | undefined
  /** After the last record. */
  finish(): void
}

export async function readInputs(ledger: Iterable<LedgerLine> | AsyncIterable<LedgerLine>, find: Find): Promise<Inputs> {
  const messages = new Map<string, Message>()
  /** The newest message of each actor that has a committed record. */
  const lasts = new Map<string, { readonly id: string; readonly place: number }>()
  let acknowledged = 0
  for await (const line of ledger) {
    if (line.what === 'sent') {
      messages.set(line.id, {
        actor: line.actor, content: line.content, payload: line.payload, rejected: line.rejected, place: messages.size, copies: 1,
        acknowledged: [], acknowledgements: 0, recorded: [], committed: false,
      })
      continue
    }
    const message = messages.get(line.id)
    if (message === undefined) throw new Error(`the ledger has ${line.id} before it was sent`)
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
      const { input: { id, type, data }, inbox, outcome } = record
      const message = messages.get(id)
      if (message === undefined) {
        find('wrong_outcome', `LOG ${seq} is about ${id}, which nobody sent`)
        return undefined
      }
      if (message.actor !== actor) find('wrong_outcome', `LOG ${seq} has ${id} at ${actor}; it was sent to ${message.actor}`)
      if (message.recorded.includes(inbox.seq)) find('twice', `LOG ${seq} is about position ${inbox.seq} (${id}), which has a record already`)
      else message.recorded = [...message.recorded, inbox.seq]
      if (outcome === 'rejected') return message.rejected
      if (message.committed) find('twice', `LOG ${seq} commits ${id} again`)
      message.committed = true
      if (digestOf({ type, data }) !== message.content) find('wrong_outcome', `LOG ${seq} has other content of ${id} than was sent`)
      const last = lasts.get(actor)
      if (last !== undefined && last.place > message.place) find('out_of_order', `LOG ${seq} has ${id} of ${actor} after ${last.id}, which was sent later`)
      lasts.set(actor, { id, place: message.place })
      return message.rejected
    },
    finish() {
      for (const [id, message] of messages) {
        if (message.acknowledged.length === 0) continue
        const first = Math.min(...message.acknowledged)
        if (message.recorded.length === 0) find('lost', `${id} to ${message.actor}, acknowledged at ${first}, has no record`)
        else if (message.committed) checkPosition(id, message, first, find)
        else for (const position of message.acknowledged) if (!message.recorded.includes(position)) find('lost', `${id}, acknowledged at ${position}, has no rejection of that position`)
      }
    },
  }
}

/** The first copy that INBOX took counts; one of which nobody heard may have come before those that were acknowledged. */
function checkPosition(id: string, { recorded, copies, acknowledgements }: Message, first: number, find: Find): void {
  const position = Math.min(...recorded)
  if (position > first) find('lost', `${id}, acknowledged at ${first}, has a record only of position ${position}`)
  if (position < first && copies === acknowledgements) find('wrong_outcome', `${id}, first acknowledged at ${first}, has a record of position ${position}`)
}
