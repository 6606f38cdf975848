import type { NatsConnection } from '@nats-io/transport-node'
import { createInFlightLimiter } from '../../runtime/in-flight-limiter.ts'
import type { Address } from '../../../schemas/subjects.ts'
import { createSender, type OutgoingInput, type Sent } from '../../producer/input-sender.ts'
import { readConversation, TURN_SOURCE, type Conversation, type Mode } from './conversation.ts'
import type { Line } from '../line-file.ts'
import { createPacer } from './pacer.ts'
import { createHistoryPublisher, createLivePublisher } from './turn-publisher.ts'

export interface ImportOptions {
  /** A producer's connection. */
  readonly nc: NatsConnection
  readonly tenant: string
  readonly kind: string
  readonly mode: Mode
  /** Inputs per second; default: as many as INBOX takes. */
  readonly rate?: number
  /** Live: how long a turn may be without a reply before the next one is sent. */
  readonly replyWaitMs: number
  /** Conversations under way at one time; default 256. */
  readonly conversationsMax?: number
  /** Ends it all, with its reason. */
  readonly signal?: AbortSignal
  readonly onWait?: (why: string) => void
  /** Called after every line and input, with what has been done by then. */
  readonly onProgress?: (summary: ImportSummary) => void
}

export interface ImportSummary {
  lines: number
  conversations: number
  /** Turns that INBOX has. */
  turns: number
  /** Inputs that INBOX did not have before. */
  published: number
  /** Inputs that were there already, as far as INBOX or the actor remembers. */
  duplicates: number
  /** Live: turns by what became of them. */
  reactions: { replied: number; escalated: number; none: number }
  badLines: number
  /** The first of them. */
  bad: { line: number; problem: string }[]
}

const CONVERSATIONS_MAX = 256
const BYTES_MAX = 64 * 1024 * 1024
const BAD_LISTED_MAX = 100

/**
 * Publishes conversations: many side by side, each of them strictly in order, one turn after INBOX has acknowledged the one
 * before. Memory is bounded whatever the file is, and a full INBOX holds the reading back.
 *
 * @throws what makes going on impossible, such as a lost connection that does not come back; lines that are wrong do not.
 */
export async function importLines(lines: AsyncIterable<Line>, options: ImportOptions): Promise<ImportSummary> {
  const { nc, tenant, kind, mode } = options
  const summary: ImportSummary = {
    lines: 0, conversations: 0, turns: 0, published: 0, duplicates: 0, reactions: { replied: 0, escalated: 0, none: 0 },
    badLines: 0, bad: [],
  }
  const told = (): void => options.onProgress?.(summary)
  const count = (input: OutgoingInput, duplicate: boolean): void => {
    if (input.source === TURN_SOURCE) summary.turns += 1
    if (duplicate) summary.duplicates += 1
    else summary.published += 1
    told()
  }
  const pace = createPacer(options.rate)
  const failing = new AbortController()
  const signal = AbortSignal.any([failing.signal, ...(options.signal === undefined ? [] : [options.signal])])
  await using started = new AsyncDisposableStack()
  const sender = createSender(nc, { onWait: options.onWait, signal })
  started.defer(sender.close)
  const send = async (address: Address, input: OutgoingInput): Promise<Sent> => {
    await pace()
    const sent = await sender.send(address, input)
    count(input, sent.duplicate)
    return sent
  }
  const teller = mode === 'history' ? createHistoryPublisher({ tenant, kind, send }) : await createLivePublisher({
    nc, tenant, kind, send, replyWaitMs: options.replyWaitMs,
    onRepeat: (input) => count(input, true),
    onReaction: (reaction) => { summary.reactions[reaction] += 1 },
    signal,
  })
  started.defer(teller.stop)

  const inFlight = createInFlightLimiter({ countMax: options.conversationsMax ?? CONVERSATIONS_MAX, bytesMax: BYTES_MAX })
  /** The last one under way of each actor: a file may have the same conversation twice. */
  const chains = new Map<string, Promise<void>>()
  const begin = (conversation: Conversation): void => {
    const { actorId, bytes } = conversation
    inFlight.acquire(bytes)
    const finish = async (): Promise<void> => {
      await teller.tell(conversation)
      summary.conversations += 1
      told()
    }
    const before = chains.get(actorId) ?? Promise.resolve()
    const done = before.then(finish).catch((error: unknown) => failing.abort(error)).finally(() => {
      if (chains.get(actorId) === done) chains.delete(actorId)
      inFlight.release(bytes)
    })
    chains.set(actorId, done)
  }
  const take = (line: Line): void => {
    summary.lines += 1
    const read = readConversation(line, mode)
    if (read !== undefined && 'problem' in read) {
      summary.badLines += 1
      if (summary.bad.length < BAD_LISTED_MAX) summary.bad.push({ line: line.number, problem: read.problem })
    } else if (read !== undefined) {
      begin(read)
    }
    told()
  }

  for await (const line of lines) {
    take(line)
    if (inFlight.isFull) await inFlight.whenAvailable()
    signal.throwIfAborted()
  }
  await inFlight.whenIdle()
  signal.throwIfAborted()
  return summary
}
