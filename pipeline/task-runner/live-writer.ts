import type { TaskLive } from '../../actors/definition/task-live.ts'
import { LIVE_TEXT_CHARS_MAX, type LivePiece } from '../../schemas/live-messages.ts'

/** Pieces, and bytes of their texts, that one run may tell: many attempts at a long reply. */
export const RUN_PIECES_MAX = 16_384
export const RUN_BYTES_MAX = 4 * 1024 ** 2
/** Attempts of one delivery of a run. The next delivery has numbers above these. */
export const ATTEMPTS_MAX = 1_000
const REASON_CHARS_MAX = 128

export interface LiveWriterOptions extends Pick<TaskLive, 'mode'> {
  readonly run: string
  /** Deliveries of the run before this one, whose attempts are not repeated. */
  readonly deliveriesBefore: number
  /** False: there is no room. */
  readonly publish: (message: LivePiece) => boolean
  /** Of the task: nothing is told after it. */
  readonly signal: AbortSignal
  /** Called once for each cause for which pieces are dropped. */
  readonly onDropped: (cause: LiveDrop) => void
}

export type LiveDrop = 'live_limit' | 'live_overflow'

/** Tells the pieces that one run writes; see `TaskLive`. */
export interface LiveWriter extends TaskLive {
  /** An attempt of the task ended without an outcome; what it told does not count. */
  failed(code: string): void
  /** Nothing is told from now on. */
  close(): void
}

/**
 * Creates the writer of a run. Indexes have no gaps: where a piece is dropped, all that follow in the attempt are, too, and the attempt is
 * reset. A run beyond its limits tells nothing more.
 */
export function createLiveWriter({ run, deliveriesBefore, publish, signal, onDropped, mode }: LiveWriterOptions): LiveWriter {
  const first = deliveriesBefore * ATTEMPTS_MAX
  let attempts = 1
  let index = 0
  let pieces = 0
  let bytes = 0
  /** The first half of a character whose second half the next piece brings. */
  let half = ''
  let isSpent = false
  let isMuted = false
  /** The reset of an attempt that had no room. */
  let unsentReset: LivePiece | undefined
  let isClosed = false

  const isOver = (): boolean => isClosed || signal.aborted
  const tellReset = (): boolean => {
    if (unsentReset !== undefined && publish(unsentReset)) unsentReset = undefined
    return unsentReset === undefined
  }
  const takeBack = (reason: string): void => {
    if (index > 0)
      unsentReset = { event: 'reset', run, attempt: first + attempts, reason: reason.slice(0, REASON_CHARS_MAX).toWellFormed() }
    index = 0
    half = ''
    tellReset()
  }
  const drop = (cause: LiveDrop): void => {
    onDropped(cause)
    isMuted = true
    isSpent ||= cause === 'live_limit'
    takeBack(cause)
  }
  const next = (reason: string): void => {
    takeBack(reason)
    attempts += 1
    if (attempts > ATTEMPTS_MAX) isSpent = true
    isMuted = isSpent
  }
  const tell = (text: string): void => {
    const message = { event: 'delta', run, attempt: first + attempts, index, text } as const
    pieces += 1
    bytes += Buffer.byteLength(text)
    if (pieces > RUN_PIECES_MAX || bytes > RUN_BYTES_MAX) return drop('live_limit')
    if (!tellReset() || !publish(message)) return drop('live_overflow')
    index += 1
  }
  return {
    mode,
    delta(text) {
      if (isOver()) return
      if (isMuted) return void tellReset()
      let rest = half + text
      half = isHighSurrogate(rest.charCodeAt(rest.length - 1)) ? rest.slice(-1) : ''
      if (half !== '') rest = rest.slice(0, -1)
      while (rest !== '' && !isMuted) {
        const end = pieceEnd(rest)
        tell(rest.slice(0, end))
        rest = rest.slice(end)
      }
    },
    reset(reason) {
      if (!isOver()) next(reason)
    },
    failed(code) {
      if (!isOver()) next(code)
    },
    close() {
      if (!signal.aborted) tellReset()
      isClosed = true
    },
  }
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff

/** Where a piece ends: not within a character. */
function pieceEnd(text: string): number {
  if (text.length <= LIVE_TEXT_CHARS_MAX) return text.length
  return isHighSurrogate(text.charCodeAt(LIVE_TEXT_CHARS_MAX - 1)) ? LIVE_TEXT_CHARS_MAX - 1 : LIVE_TEXT_CHARS_MAX
}
