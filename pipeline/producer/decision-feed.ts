import { setTimeout as delay } from 'node:timers/promises'
import type { JsMsg } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import { type Address, logSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { createConsumeLoop } from '../jetstream/consume-loop.ts'
import { logParser } from '../jetstream/log-message.ts'
import { openReader, type StreamReader } from '../jetstream/ordered-reader.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { backOffMs, type Pauses } from '../runtime/retry.ts'
import { type ActorWaiters, createActorWaiters, type FollowedTenant, type Waiter } from './actor-waiters.ts'
import { createDecisionQuestions, type NewestDecision } from './decision-questions.ts'
import { type Decision, decisionIn, type StoredInput } from './find-decision.ts'

/**
 * Tells everybody in this process who waits for a decision. One reader follows LOG while somebody waits, and for a moment longer; while
 * nobody does, there is none. LOG is asked only for what the reader does not show: repeats, which leave no record, inputs that were stored
 * before, and records that passed while the reader was interrupted or too far behind.
 */
export interface DecisionFeed {
  /** Follows an actor. Call it before an input is published. */
  follow(partition: number, address: Address): Following
  stop(): Promise<void>
}

export interface Following {
  /**
   * Waits for the decision about an input.
   *
   * @param isNew false if it may have been stored before the following began
   * @returns a promise that never rejects; it stays pending after `stop`
   */
  decisionOn(input: StoredInput, isNew: boolean): Promise<Decision>
  stop(): void
}

/** Time for which the reader stays after the last follower: a client that waits for one input after another finds it there. */
const LINGER_MS = 5_000
/** Messages fetched ahead. */
const FETCH_MAX = 256
/** A reader with more messages before it skips them: to ask for each actor is then faster. */
const BEHIND_MAX = 20_000
/** How often the reader looks whether it is behind, in messages. */
const BEHIND_EVERY = 256
const REOPEN_PAUSES: Pauses = { minMs: 50, maxMs: 2_000 }
/** A request to a server that is away must not hold up the end of the process. */
const STOP_MS_MAX = 1_000

export function createDecisionFeed({ jetstream, log }: { readonly jetstream: JetStreamContext; readonly log: Logger }): DecisionFeed {
  const followed = new Map<string, ActorWaiters>()
  const tenants = new Map<string, FollowedTenant>()
  const stopping = new AbortController()
  const { signal } = stopping
  let reading: Promise<void> | undefined
  let reader: StreamReader | undefined
  let isIdle = false
  let lingering: NodeJS.Timeout | undefined
  /** A run of the reader shows all records from its start on. Each has a number. */
  let run: number | undefined
  let runs = 0
  /** The last sequence that was shown; the next run continues there. */
  let position: number | undefined
  let newest: NewestDecision = { position: 0, atMs: 0 }
  const questions = createDecisionQuestions({ jetstream, followed, run: () => run, newest: () => newest, log })

  const show = (parse: Awaited<ReturnType<typeof logParser>>, message: JsMsg): void => {
    const { seq, subject } = message
    position = seq
    if (seq % BEHIND_EVERY === 0 && reader !== undefined && reader.pending > BEHIND_MAX) {
      position = undefined
      reader.stop()
    }
    const actor = followed.get(subject)
    if (actor === undefined || run === undefined) return
    const { record } = parse(message)
    if (record === undefined) return
    newest = { position: Math.max(newest.position, record.inbox.seq), atMs: performance.now() }
    actor.tell(record.inbox.seq, decisionIn(record, seq), run)
    if (actor.isUrgent) questions.askSoon()
    else if (actor.waiting.size > 0) questions.askLater(actor)
  }
  /** Reads until the reader is stopped. @throws ColloquyError `interrupted`, and errors of NATS */
  const read = async (): Promise<void> => {
    const parse = await logParser(jetstream)
    const { last_seq: last } = (await streamInfo(jetstream.jsm, 'LOG')).state
    const after = position !== undefined && position <= last && last - position <= BEHIND_MAX ? position : last
    const opened = await openReader(jetstream, { stream: 'LOG', filterSubjects: [], startSeq: after + 1, messagesMax: FETCH_MAX })
    reader = opened
    run = ++runs
    // Who followed before the run began may have missed a record.
    for (const actor of followed.values()) actor.isUrgent = true
    questions.askSoon()
    if (isIdle || signal.aborted) opened.stop()
    const loop = createConsumeLoop(opened, createInFlightLimiter({ countMax: Infinity, bytesMax: Infinity }))
    loop.run((message) => show(parse, message))
    try {
      await loop.ended
    } finally {
      run = undefined
      reader = undefined
    }
  }
  const readWhileFollowed = async (): Promise<void> => {
    for (let failures = 0; followed.size > 0 && !signal.aborted;) {
      const startedMs = performance.now()
      try {
        await read()
      } catch (err) {
        rateLimitedWarn(log, { err }, 'the reader of LOG for those who wait was interrupted; starting it again')
        failures = performance.now() - startedMs > REOPEN_PAUSES.maxMs ? 0 : failures + 1
        await delay(backOffMs(failures, REOPEN_PAUSES), undefined, { signal }).catch(() => undefined)
      }
    }
    position = undefined
    reading = undefined
  }

  const followActor = (subject: string, name: string): ActorWaiters => {
    const tenant = tenants.get(name) ?? { name, actors: 0 }
    tenant.actors += 1
    tenants.set(name, tenant)
    const actor = createActorWaiters(tenant)
    followed.set(subject, actor)
    return actor
  }

  return {
    follow(partition, address) {
      const subject = logSubject(partition, address)
      const actor = followed.get(subject) ?? followActor(subject, address.tenant)
      actor.followers += 1
      clearTimeout(lingering)
      isIdle = false
      reading ??= readWhileFollowed()
      const since = run
      const own = new Set<Waiter>()
      return {
        decisionOn: (input, isNew) =>
          new Promise((resolve) => {
            const waiter: Waiter = { input, run: isNew && since === run ? run : undefined, settle: resolve }
            own.add(waiter)
            if (actor.waiting.size === 0) questions.askLater(actor)
            actor.add(waiter)
            if (actor.isUrgent) questions.askSoon()
          }),
        stop() {
          for (const waiter of own) actor.waiting.delete(waiter)
          actor.followers -= 1
          if (actor.followers > 0) return
          followed.delete(subject)
          actor.tenant.actors -= 1
          if (actor.tenant.actors === 0) tenants.delete(address.tenant)
          if (followed.size > 0) return
          lingering = setTimeout(() => {
            isIdle = true
            reader?.stop()
          }, LINGER_MS)
        },
      }
    },
    async stop() {
      stopping.abort()
      clearTimeout(lingering)
      questions.stop()
      reader?.stop()
      await Promise.race([reading, delay(STOP_MS_MAX, undefined, { ref: false })])
    },
  }
}
