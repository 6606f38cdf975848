import { setTimeout as delay } from 'node:timers/promises'
import type { JsMsg } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import type { Pauses } from '../runtime/retry.ts'
import type { JetStreamContext } from './connection.ts'
import { createConsumeLoop } from './consume-loop.ts'
import { keepReading } from './keep-reading.ts'
import { logParser, type ParseLogMessage } from './log-message.ts'
import { openReader, type StreamReader } from './ordered-reader.ts'
import { type StreamPosition, withPosition } from './position-history.ts'
import { resumeReading } from './resume-reading.ts'
import { streamInfo } from './stream-info.ts'

/**
 * The one reader of LOG's end in a process, for all who wait for records there. It reads while somebody holds it, and for a moment longer.
 *
 * A run of the reader shows every message after its start, in order. Runs have numbers. A run that follows an interruption continues where
 * the one before ended, unless that is too far behind, or gone.
 */
export interface LogTail {
  /** Adds a listener; it is told nothing until the tail is held. */
  listen(listener: TailListener): void
  /** Keeps the tail reading until the returned function is called. */
  hold(): () => void
  /** The present run; `undefined` while there is none. */
  readonly run: number | undefined
  /** The sequence up to which the present run has shown LOG; `undefined` while there is none. */
  readonly position: number | undefined
  stop(): Promise<void>
}

export interface TailListener {
  /** A run begins. */
  started(start: TailStart): void
  /** Called for each message of LOG. Must not throw, and parses only what it needs. */
  message(message: JsMsg, parse: ParseLogMessage): void
}

export interface TailStart {
  /** The run shows the messages after this sequence. */
  readonly after: number
  /** False where messages between the runs are not shown, or where there was none before. */
  readonly isContiguous: boolean
  /** LOG was truncated: what was shown after `after` is no longer there. */
  readonly truncated: boolean
}

export interface TailDeps {
  readonly jetstream: JetStreamContext
  readonly metrics: Pick<Metrics, 'streamsTruncated' | 'recordsRemoved'>
  readonly log: Logger
}

/** Time for which the reader stays after its last holder: a client that waits for one input after another finds it there. */
const LINGER_MS = 5_000
/** Messages fetched ahead. */
const FETCH_MAX = 256
/** A reader with more messages before it skips them: to ask for each actor is then faster. */
const BEHIND_MAX = 20_000
/** How often the reader looks whether it is behind, and keeps its position, in messages. */
const BEHIND_EVERY = 256
const REOPEN_PAUSES: Pauses = { minMs: 50, maxMs: 2_000 }
/** A request to a server that is away must not hold up the end of the process. */
const STOP_MS_MAX = 1_000

export function createLogTail({ jetstream, metrics, log }: TailDeps): LogTail {
  const listeners: TailListener[] = []
  const stopping = new AbortController()
  const { signal } = stopping
  let holders = 0
  let reading: Promise<void> | undefined
  let reader: StreamReader | undefined
  let lingering: NodeJS.Timeout | undefined
  let isIdle = false
  let run: number | undefined
  let runs = 0
  /** The last message that was shown, and older ones: newest first. Empty: the next run begins at the end of LOG. */
  let history: readonly StreamPosition[] = []
  let last: JsMsg | undefined
  let position = 0
  let isSkipping = false

  const keepPosition = (): void => {
    if (reader !== undefined && last !== undefined) history = withPosition(history, reader.positionOf(last))
  }
  const show = (parse: ParseLogMessage, message: JsMsg): void => {
    last = message
    position = message.seq
    if (message.seq % BEHIND_EVERY === 0 && reader !== undefined) {
      keepPosition()
      if (reader.pending > BEHIND_MAX) {
        isSkipping = true
        reader.stop()
      }
    }
    for (const listener of listeners) listener.message(message, parse)
  }
  /** Where the next run begins. */
  const nextStart = async (): Promise<TailStart> => {
    const { last_seq: end } = (await streamInfo(jetstream.jsm, 'LOG')).state
    if (history.length === 0) return { after: end, isContiguous: false, truncated: false }
    const remedy = 'those who follow actors are told of the gap'
    const resumed = await resumeReading({ jetstream, log, metrics, reader: 'tail', remedy, canUndo: false }, history)
    const isFar = isSkipping || end - resumed.position > BEHIND_MAX
    return {
      after: resumed.truncated || !isFar ? resumed.position : end,
      isContiguous: !resumed.truncated && !isFar,
      truncated: resumed.truncated,
    }
  }
  /** Reads until the reader is stopped. @throws ColloquyError `interrupted`, and errors of NATS */
  const read = async (): Promise<void> => {
    const parse = await logParser(jetstream)
    const start = await nextStart()
    const { after } = start
    const opened = await openReader(jetstream, { stream: 'LOG', filterSubjects: [], startSeq: after + 1, messagesMax: FETCH_MAX })
    reader = opened
    if (!start.isContiguous) history = []
    isSkipping = false
    last = undefined
    position = after
    run = ++runs
    for (const listener of listeners) listener.started(start)
    if (isIdle || signal.aborted) opened.stop()
    const loop = createConsumeLoop(opened, createInFlightLimiter({ countMax: Infinity, bytesMax: Infinity }))
    loop.run((message) => show(parse, message))
    try {
      await loop.ended
    } finally {
      keepPosition()
      run = undefined
      reader = undefined
    }
  }
  const readWhileHeld = async (): Promise<void> => {
    await keepReading(read, {
      pauses: REOPEN_PAUSES,
      signal,
      isWanted: () => !isIdle,
      onInterrupted: (err) => rateLimitedWarn(log, { err }, 'the reader of LOG for those who wait was interrupted; starting it again'),
    })
    history = []
    reading = undefined
  }

  return {
    get run() {
      return run
    },
    get position() {
      return run === undefined ? undefined : position
    },
    listen(listener) {
      listeners.push(listener)
    },
    hold() {
      holders += 1
      clearTimeout(lingering)
      isIdle = false
      reading ??= readWhileHeld()
      let isHeld = true
      return () => {
        if (!isHeld) return
        isHeld = false
        holders -= 1
        if (holders > 0) return
        lingering = setTimeout(() => {
          isIdle = true
          reader?.stop()
        }, LINGER_MS)
      }
    },
    async stop() {
      stopping.abort()
      clearTimeout(lingering)
      reader?.stop()
      await Promise.race([reading, delay(STOP_MS_MAX, undefined, { ref: false })])
    },
  }
}
