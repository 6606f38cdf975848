import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { RESOLUTION_HEADER, RESOLUTION_TYPE, resolutionHeader, type Resolution } from '../../schemas/dead-letter-resolution.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { actorSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import { restartPauses, withRetry, type Pauses } from '../runtime/retry.ts'
import { JS_CODE } from '../jetstream/jetstream-codes.ts'
import { openReader, type StreamReader } from '../jetstream/ordered-reader.ts'
import type { DeadLetter } from './dead-letters.ts'
import { resolutionInputOf, type ResolutionInput } from './original-input.ts'
import { streamInfo } from '../jetstream/stream-info.ts'

/**
 * What became of one letter.
 * - `committed`, `rejected`: the redriven original was decided so; a rejected one is a new letter.
 * - `repeat`: the actor has committed an input with its id, such as its producer's own resend; nothing happened twice.
 * - `ignored`: it was about a run that is no longer pending.
 * - `again`: the actor was given this letter before.
 * - `dropped`: given up, as was wanted.
 * - `refused`: nothing was done; `error` says what to do instead.
 * - `unconfirmed`: it was sent, and no record was there in time; doing it again is safe.
 */
export type Outcome = 'committed' | 'rejected' | 'repeat' | 'ignored' | 'again' | 'dropped' | 'refused' | 'unconfirmed'

export interface Resolved {
  readonly deadLetter: DeadLetter
  readonly outcome: Outcome
  /** Of the record that says so. */
  readonly logSeq?: number | undefined
  readonly reason?: string | undefined
  readonly error?: string | undefined
}

export interface ResolveOptions {
  readonly jetstream: JetStreamContext
  readonly end: Resolution
  readonly force: boolean
  /** Letters that were sent and have no record yet. */
  readonly inFlightMax: number
  /** How long a letter that was sent may be without a record. */
  readonly timeoutMs: number
  readonly onResolved: (resolved: Resolved) => void
  /** Told before each pause: the stream that takes them is full, or NATS is away. */
  readonly onWait?: (why: string) => void
}

const PAUSES: Pauses = { minMs: 50, maxMs: 2_000 }
const FETCH_AHEAD_MAX = 500
const SWEEP_MS = 100
const BYTES_MAX = 64 * 1024 * 1024

interface Waiting {
  readonly deadLetter: DeadLetter
  readonly bytes: number
  readonly until: number
}

/**
 * Redrives or drops letters, one after another in the order in which their originals arrived, and waits for the record of each. Each is
 * an input from inside, so that its actor takes it in turn, and the log says what became of it; then the dispatcher takes it out of DEAD.
 */
export async function resolveDeadLetters(options: ResolveOptions, deadLetters: readonly DeadLetter[]): Promise<void> {
  const { jetstream, end, force, inFlightMax, timeoutMs, onResolved } = options
  const waiting = new Map<number, Waiting>()
  const inFlight = createInFlightLimiter({ countMax: inFlightMax, bytesMax: BYTES_MAX })
  const settle = (deadSeq: number, resolved: Omit<Resolved, 'deadLetter'>): void => {
    const found = waiting.get(deadSeq)
    if (found === undefined) return
    waiting.delete(deadSeq)
    inFlight.release(found.bytes)
    onResolved({ deadLetter: found.deadLetter, ...resolved })
  }
  const records = await watchRecords(jetstream, ({ resolves, ...record }, logSeq) => {
    if (resolves?.end === end) settle(resolves.deadSeq, { logSeq, ...outcomeOf(record) })
  })
  const sweep = setInterval(() => {
    for (const [deadSeq, { until }] of waiting) {
      if (performance.now() < until) break
      settle(deadSeq, { outcome: 'unconfirmed', error: `no record within ${timeoutMs} ms; see with "colloquy status" whether hosts run, and do it again` })
    }
  }, SWEEP_MS)
  try {
    for (const deadLetter of inOrderOfArrival(deadLetters)) {
      await inFlight.whenAvailable()
      const resolution = await resolutionInputOf(jetstream, deadLetter.seq, end, force).catch((error: unknown) => refusal(error))
      if ('error' in resolution) {
        onResolved({ deadLetter, outcome: 'refused', error: resolution.error })
        continue
      }
      const bytes = resolution.payload.length
      inFlight.acquire(bytes)
      waiting.set(deadLetter.seq, { deadLetter, bytes, until: performance.now() + timeoutMs })
      const refused = await send(options, deadLetter, resolution)
      if (refused !== undefined) settle(deadLetter.seq, { outcome: 'refused', error: refused })
    }
    await inFlight.whenIdle()
  } finally {
    clearInterval(sweep)
    await records.stop()
  }
}

const inOrderOfArrival = (deadLetters: readonly DeadLetter[]): DeadLetter[] =>
  deadLetters.toSorted((a, b) => a.inboxSeq - b.inboxSeq || a.logSeq - b.logSeq || a.seq - b.seq)

const REFUSALS: ReadonlySet<string> = new Set<ErrorCode>(['gone', 'not_redrivable', 'no_record'])

function refusal(error: unknown): { error: string } {
  if (!REFUSALS.has(codeOf(error) ?? '')) throw error
  return { error: messageOf(error) }
}

/** Until the stream has it, so that none overtakes another; why the stream will never take it, where that is so. */
async function send({ jetstream, timeoutMs, onWait }: ResolveOptions, { address }: DeadLetter, { request, payload }: ResolutionInput): Promise<string | undefined> {
  const how = {
    msgId: `dead.${request.end}.${request.deadSeq}.${request.logSeq}${request.force === true ? `.${randomUUID()}` : ''}`,
    headers: { [RESOLUTION_HEADER]: resolutionHeader(request) },
  }
  const until = performance.now() + timeoutMs
  const attempt = async (): Promise<string | undefined> => {
    const result = await jetstream.publisher.publish(actorSubject(address), payload, how)
    if (result.ok) return undefined
    const why = `SENT did not take it (${result.code}: ${result.description})`
    if (result.code === JS_CODE.tooLarge) return `${why}; its producer has to send less`
    throw new Error(why)
  }
  return withRetry(attempt, { pauses: PAUSES, isFinal: () => performance.now() > until, onRetry: (error) => onWait?.(messageOf(error)) })
    .catch((error: unknown) => `${messageOf(error)}; tried for ${timeoutMs} ms`)
}

function outcomeOf({ outcome, reason, error, input }: Omit<LogRecord, 'resolves'>): Omit<Resolved, 'deadLetter' | 'logSeq'> {
  if (!RESOLUTION_TYPE.test(input.type)) return { outcome, reason, error }
  if (input.type === 'dead.dropped') return { outcome: 'dropped' }
  const nothing = input.data?.['nothing']
  return { outcome: nothing === 'ignored' || nothing === 'again' ? nothing : 'repeat' }
}

/** Reads LOG from now on; after a break from where it was. */
async function watchRecords(jetstream: JetStreamContext, onRecord: (record: LogRecord, seq: number) => void): Promise<{ stop(): Promise<void> }> {
  let next = (await streamInfo(jetstream.jsm, 'LOG')).state.last_seq + 1
  const open = (): Promise<StreamReader> => openReader(jetstream, { stream: 'LOG', filterSubjects: [], startSeq: next, messagesMax: FETCH_AHEAD_MAX })
  let reader = await open()
  const stopping = new AbortController()
  const { signal } = stopping
  const pauses = restartPauses()
  const read = async (): Promise<void> => {
    for (let openedMs = performance.now(); !signal.aborted;) {
      try {
        for await (const message of reader) {
          onRecord(message.json<LogRecord>(), message.seq)
          next = message.seq + 1
        }
        if (!signal.aborted) reader = await open()
      } catch {
        await delay(pauses.after(performance.now() - openedMs), undefined, { signal }).catch(() => undefined)
        if (signal.aborted) return
        openedMs = performance.now()
        reader = await open().catch(() => reader)
      }
    }
  }
  const done = read()
  return {
    async stop() {
      stopping.abort()
      reader.stop()
      await done
    },
  }
}
