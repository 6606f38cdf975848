import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Resolution, RESOLUTION_HEADER, RESOLUTION_TYPE, resolutionHeader } from '../../schemas/dead-letter-resolution.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import type { PublicRecord } from '../../schemas/record.ts'
import { actorSubject } from '../../schemas/subjects.ts'
import { isDerived } from '../dispatcher/derived-letters.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { JS_CODE } from '../jetstream/jetstream-codes.ts'
import { logParser } from '../jetstream/log-message.ts'
import { openReader, type StreamReader } from '../jetstream/ordered-reader.ts'
import { removeResolvedDeadLetter } from '../jetstream/removal.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import { type Pauses, restartPauses, withRetry } from '../runtime/retry.ts'
import type { DeadLetter } from './dead-letters.ts'
import { type ResolutionInput, resolutionInputOf } from './original-input.ts'

/**
 * The outcome of resolving one dead letter.
 * - `committed`, `rejected`: the actor has decided the redriven input; a rejected one becomes a new dead letter.
 * - `repeat`: the actor has already committed an input with this id, such as one that its producer sent again; it had no further effect.
 * - `ignored`: it concerns a task run that is no longer pending.
 * - `again`: this dead letter was resolved before.
 * - `dropped`: it was dropped.
 * - `refused`: nothing was sent; `error` has the reason and the remedy.
 * - `unconfirmed`: it was sent, but no record of it appeared in time; it is safe to resolve it again.
 */
export type Outcome = 'committed' | 'rejected' | 'repeat' | 'ignored' | 'again' | 'dropped' | 'refused' | 'unconfirmed'

/** The result for one dead letter. */
export interface Resolved {
  readonly deadLetter: DeadLetter
  readonly outcome: Outcome
  /** LOG sequence of the record that has the outcome. */
  readonly logSeq?: number | undefined
  readonly reason?: string | undefined
  readonly error?: string | undefined
}

/** Options of `resolveDeadLetters`. */
export interface ResolveOptions {
  readonly jetstream: JetStreamContext
  readonly resolution: Resolution
  /** Who asks for it, for the records. Default: unknown. */
  readonly by?: string | undefined
  /** Also redrives what was redriven before, and excerpts of payloads. */
  readonly force: boolean
  /** Max dead letters that were sent and have no record yet. */
  readonly inFlightMax: number
  /** Max time to send a dead letter, and max time after that until its record. */
  readonly timeoutMs: number
  /** Called for each dead letter, in order of their records. */
  readonly onResolved: (resolved: Resolved) => void
  /** Called before each pause with the reason: SENT is full, or NATS does not answer. */
  readonly onWait?: (why: string) => void
}

const PAUSES: Pauses = { minMs: 50, maxMs: 2_000 }
const FETCH_AHEAD_MAX = 500
const SWEEP_MS = 100
const BYTES_MAX = 64 * 1024 * 1024

/** A dead letter that was sent and has no record yet. */
interface Pending {
  readonly deadLetter: DeadLetter
  readonly bytes: number
  /** On the clock of `performance.now`. */
  readonly timeoutAtMs: number
}

/**
 * Redrives or drops dead letters in the order in which their inputs arrived, and waits for the record of each. Each resolution is an
 * internal input, so that its actor handles it in turn and LOG records the outcome. The dispatcher then removes the dead letter from DEAD.
 * A dead letter that is about no input is removed at once.
 *
 * @throws the errors of JetStream; a dead letter that cannot be resolved is passed to `onResolved` as `refused`.
 */
export async function resolveDeadLetters(options: ResolveOptions, deadLetters: readonly DeadLetter[]): Promise<void> {
  const { jetstream, resolution, by, force, inFlightMax, timeoutMs, onResolved } = options
  const pending = new Map<number, Pending>()
  const inFlight = createInFlightLimiter({ countMax: inFlightMax, bytesMax: BYTES_MAX })
  const finish = (deadSeq: number, resolved: Omit<Resolved, 'deadLetter'>): void => {
    const sent = pending.get(deadSeq)
    if (sent === undefined) return
    pending.delete(deadSeq)
    inFlight.release(sent.bytes)
    onResolved({ deadLetter: sent.deadLetter, ...resolved })
  }
  const records = await watchRecords(jetstream, ({ resolves, ...record }, logSeq) => {
    if (resolves?.end === resolution) finish(resolves.deadSeq, { logSeq, ...outcomeOf(record) })
  })
  const sweep = setInterval(() => {
    for (const [deadSeq, { timeoutAtMs }] of pending) {
      if (performance.now() < timeoutAtMs) break
      const error = `no record appeared within ${timeoutMs} ms; check with "colloquy status" that hosts run, and repeat the command`
      finish(deadSeq, { outcome: 'unconfirmed', error })
    }
  }, SWEEP_MS)
  try {
    for (const deadLetter of inOrderOfArrival(deadLetters)) {
      await inFlight.whenAvailable()
      if (resolution === 'dropped' && isDerived(deadLetter.reason)) {
        await removeResolvedDeadLetter(jetstream.jsm, deadLetter.seq)
        onResolved({ deadLetter, outcome: 'dropped' })
        continue
      }
      const input = await resolutionInputOf(jetstream, deadLetter.seq, { resolution, by, force }).catch((error: unknown) => refusal(error))
      if ('error' in input) {
        onResolved({ deadLetter, outcome: 'refused', error: input.error })
        continue
      }
      const bytes = input.payload.length
      inFlight.acquire(bytes)
      pending.set(deadLetter.seq, { deadLetter, bytes, timeoutAtMs: performance.now() + timeoutMs })
      const refused = await send(options, deadLetter, input)
      if (refused !== undefined) finish(deadLetter.seq, { outcome: 'refused', error: refused })
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

/** Retries until SENT has stored the input, so that the order is kept. @returns the reason if it could not be sent. */
async function send(
  { jetstream, timeoutMs, onWait }: ResolveOptions,
  { address }: DeadLetter,
  { request, payload }: ResolutionInput,
): Promise<string | undefined> {
  const how = {
    msgId: `dead.${request.end}.${request.deadSeq}.${request.logSeq}${request.force === true ? `.${randomUUID()}` : ''}`,
    headers: { [RESOLUTION_HEADER]: resolutionHeader(request) },
  }
  const until = performance.now() + timeoutMs
  const attempt = async (): Promise<string | undefined> => {
    const result = await jetstream.publisher.publish(actorSubject(address), payload, how)
    if (result.ok) return undefined
    const why = `SENT refused it (${result.code}: ${result.description})`
    if (result.code === JS_CODE.tooLarge) return `${why}; its producer has to send less`
    throw new Error(why)
  }
  return withRetry(attempt, {
    pauses: PAUSES,
    isFinal: () => performance.now() > until,
    onRetry: (error) => onWait?.(messageOf(error)),
  }).catch((error: unknown) => `${messageOf(error)}; tried for ${timeoutMs} ms`)
}

function outcomeOf({ outcome, reason, error, input }: Omit<PublicRecord, 'resolves'>): Omit<Resolved, 'deadLetter' | 'logSeq'> {
  if (!RESOLUTION_TYPE.test(input.type)) return { outcome, reason, error }
  if (input.type === 'dead.dropped') return { outcome: 'dropped' }
  const nothing = input.data?.['nothing']
  return { outcome: nothing === 'ignored' || nothing === 'again' ? nothing : 'repeat' }
}

/** Reads new records of LOG; continues after interruptions. */
async function watchRecords(
  jetstream: JetStreamContext,
  onRecord: (record: PublicRecord, seq: number) => void,
): Promise<{ stop(): Promise<void> }> {
  let next = (await streamInfo(jetstream.jsm, 'LOG')).state.last_seq + 1
  const open = (): Promise<StreamReader> =>
    openReader(jetstream, { stream: 'LOG', filterSubjects: [], startSeq: next, messagesMax: FETCH_AHEAD_MAX })
  const parse = await logParser(jetstream)
  let reader = await open()
  const stopping = new AbortController()
  const { signal } = stopping
  const pauses = restartPauses()
  const read = async (): Promise<void> => {
    for (let openedMs = performance.now(); !signal.aborted;) {
      try {
        for await (const message of reader) {
          const { record } = parse(message)
          if (record !== undefined) onRecord(record, message.seq)
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
