import { setTimeout as delay } from 'node:timers/promises'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Address } from '../../../schemas/subjects.ts'
import { createSender, type OutgoingInput, type Sent } from '../../producer/input-sender.ts'
import { createInFlightLimiter } from '../../runtime/in-flight-limiter.ts'
import type { Line } from '../line-file.ts'
import { type Conversation, type Mode, readConversation, TURN_SOURCE } from './conversation.ts'
import { createHistoryPublisher, createLivePublisher } from './turn-publisher.ts'

/** Options of `importLines`. */
export interface ImportOptions {
  /** The connection of a producer; live, one with the rights of Colloquy's own processes, which reads the log. */
  readonly nc: NatsConnection
  readonly tenant: string
  readonly kind: string
  readonly mode: Mode
  /** Max inputs per second; default: no limit but that of INBOX. */
  readonly rate?: number
  /** Mode `live`: max wait for the reply to a turn before the next one is sent. */
  readonly replyWaitMs: number
  /** Max conversations in flight; default 256. */
  readonly conversationsMax?: number
  /** Aborts the import; `importLines` then throws the reason. */
  readonly signal?: AbortSignal
  /** Called while INBOX refuses inputs or does not answer, with the reason. */
  readonly onWait?: (why: string) => void
  /** Called after every line and input with the counts so far; always the same object. */
  readonly onProgress?: (summary: ImportSummary) => void
}

/** Counts of an import. */
export interface ImportSummary {
  lines: number
  conversations: number
  /** Turns that INBOX has stored, duplicates included. */
  turns: number
  /** Inputs that were new to INBOX. */
  published: number
  /** Inputs that INBOX or the actor already had. */
  duplicates: number
  /** Mode `live`: turns by the reaction to them. */
  reactions: { replied: number; escalated: number; none: number }
  badLines: number
  /** The first 100 of them. */
  bad: { line: number; problem: string }[]
}

const CONVERSATIONS_MAX = 256
const BYTES_MAX = 64 * 1024 * 1024
const BAD_LISTED_MAX = 100

/**
 * Publishes conversations, many concurrently. The turns of one conversation are published in order, each after INBOX has acknowledged the
 * previous one. Memory is bounded, and a full INBOX slows the reading down. An invalid line is counted as bad, and the import continues.
 *
 * @throws the reason of `signal`, or the first error that is not about a line, such as a lost connection.
 */
export async function importLines(lines: AsyncIterable<Line>, options: ImportOptions): Promise<ImportSummary> {
  const { nc, tenant, kind, mode } = options
  const summary: ImportSummary = {
    lines: 0,
    conversations: 0,
    turns: 0,
    published: 0,
    duplicates: 0,
    reactions: { replied: 0, escalated: 0, none: 0 },
    badLines: 0,
    bad: [],
  }
  const report = (): void => options.onProgress?.(summary)
  const count = (input: OutgoingInput, duplicate: boolean): void => {
    if (input.source === TURN_SOURCE) summary.turns += 1
    if (duplicate) summary.duplicates += 1
    else summary.published += 1
    report()
  }
  const pace = createPacer(options.rate)
  const failed = new AbortController()
  const signal = AbortSignal.any([failed.signal, ...(options.signal === undefined ? [] : [options.signal])])
  await using resources = new AsyncDisposableStack()
  const sender = createSender(nc, { onWait: options.onWait, signal })
  resources.defer(sender.close)
  const send = async (address: Address, input: OutgoingInput): Promise<Sent> => {
    await pace()
    const sent = await sender.send(address, input)
    count(input, sent.duplicate)
    return sent
  }
  const publisher =
    mode === 'history'
      ? createHistoryPublisher({ tenant, kind, send })
      : await createLivePublisher({
          nc,
          tenant,
          kind,
          send,
          replyWaitMs: options.replyWaitMs,
          onRepeat: (input) => count(input, true),
          onReaction: (reaction) => {
            summary.reactions[reaction] += 1
          },
          signal,
        })
  resources.defer(publisher.stop)

  const inFlight = createInFlightLimiter({ countMax: options.conversationsMax ?? CONVERSATIONS_MAX, bytesMax: BYTES_MAX })
  /** The last conversation in flight of each actor: a file may contain a conversation twice. */
  const chains = new Map<string, Promise<void>>()
  const start = (conversation: Conversation): void => {
    const { actorId, bytes } = conversation
    inFlight.acquire(bytes)
    const finish = async (): Promise<void> => {
      await publisher.publish(conversation)
      summary.conversations += 1
      report()
    }
    const before = chains.get(actorId) ?? Promise.resolve()
    const done = before
      .then(finish)
      .catch((error: unknown) => failed.abort(error))
      .finally(() => {
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
      start(read)
    }
    report()
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

/** Limits callers to an even rate, first come, first served; without a rate it does not wait. */
function createPacer(perSecond: number | undefined): () => Promise<void> {
  if (perSecond === undefined) return () => Promise.resolve()
  let next = 0
  return async () => {
    const now = performance.now()
    const at = Math.max(next, now)
    next = at + 1_000 / perSecond
    if (at > now) await delay(at - now)
  }
}
