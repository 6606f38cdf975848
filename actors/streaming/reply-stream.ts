import type { Logger } from 'pino'
import type { StreamMode } from '../../schemas/stream-mode.ts'
import type { GenerationStream } from '../definition/task-generation.ts'
import type { TaskLive } from '../definition/task-live.ts'
import { withoutCitations } from '../prompting/citations.ts'
import { sentenceEnd } from './sentence-ends.ts'

/** UTF-16 units of an attempt that are told while it is written; the rest comes when the reply is settled. */
const ATTEMPT_CHARS_MAX = 65_536

/** A sentence that is to be shown. */
export interface WrittenSentence {
  /** As people will see it, without blanks around it. */
  readonly text: string
  /** As it was written: with its citations. */
  readonly written: string
  /** What people see before it. */
  readonly before: string
  /** All of the attempt that was written up to its end. */
  readonly writtenSoFar: string
}

export interface ReplyStreamOptions {
  readonly live: TaskLive
  /** Whether a sentence may be seen, where the tenant wants them checked. One that may not, or an error, holds back the rest as well. */
  readonly gate: (sentence: WrittenSentence) => boolean | Promise<boolean>
  /** Whether the reply is sent with the citations `[1]` that are written. Default: `removed`. */
  readonly citations?: 'kept' | 'removed'
  readonly log: Logger
}

/** Shows a reply while it is written. */
export interface ReplyStream {
  /** For `generate({stream})`. */
  readonly stream: GenerationStream
  /**
   * Tells what is missing of a reply that is about to be sent, or takes back what was told and tells all of it. Nothing of later pieces is
   * told. Call it before the task returns.
   *
   * @param text of the reply; `undefined`: none of what was written is sent
   * @param reason why what was told does not count, where it does not
   */
  settle(text: string | undefined, reason?: string): Promise<void>
}

/**
 * Stands between `generate` and `live` of a task, and tells what the setting STREAM of the tenant says: `token` each piece at once,
 * `sentence` a sentence when the gate has passed it, `off` nothing. What is told joins to the text that is sent, or a reset comes first.
 *
 * @example
 *   const reply = createReplyStream({ live, log, gate: ({ text }) => isPolite(text) })
 *   const { text } = await generate({ messages, stream: reply.stream })
 *   await reply.settle(text)
 */
export function createReplyStream({ live, gate, citations = 'removed', log }: ReplyStreamOptions): ReplyStream {
  /** As it will be seen: a piece that ends where no citation does. */
  const seen = citations === 'kept' ? (text: string): string => text : withoutCitations
  const unsettled = citations === 'kept' ? /\s*$/ : /\s*(\[\d{0,3})?$/
  let mode: StreamMode | undefined
  /** Of the present attempt: what was written, up to where it was taken, and what people see of it. */
  let written = ''
  let taken = 0
  let told = ''
  let isHeld = false
  let isSettled = false
  /** Sentences that wait for the gate. */
  let waiting: { readonly sentence: string; readonly end: number }[] = []
  let attempt = 0
  let isGating = false

  const tell = (text: string): void => {
    const piece = told === '' ? text.trimStart() : text
    if (piece === '') return
    told += piece
    live.delta(piece)
  }
  const mayBeSeen = async (sentence: string, end: number): Promise<boolean> => {
    const text = seen(sentence).trim()
    if (text === '') return true
    try {
      return await gate({ text, written: sentence.trim(), before: told, writtenSoFar: written.slice(0, end) })
    } catch (err) {
      log.warn({ err }, 'a sentence of a reply could not be checked; it is seen only when the reply is sent')
      return false
    }
  }
  const passSentences = async (): Promise<void> => {
    if (isGating) return
    isGating = true
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const of = attempt
      const { sentence, end } = next
      const passes = await mayBeSeen(sentence, end)
      if (of !== attempt) continue
      if (passes) tell(seen(sentence))
      else {
        isHeld = true
        waiting = []
      }
    }
    isGating = false
  }
  const takePieces = (): void => {
    // What is at the end may be the beginning of a citation, or blanks that the reply does not have.
    const rest = written.slice(taken)
    const settled = rest.slice(0, rest.search(unsettled))
    taken += settled.length
    tell(seen(settled))
  }
  const takeSentences = (): void => {
    for (let end = sentenceEnd(written, taken); end !== undefined; end = sentenceEnd(written, taken)) {
      waiting.push({ sentence: written.slice(taken, end), end })
      taken = end
    }
    void passSentences()
  }
  const take = (): void => {
    if (isSettled || isHeld || mode === undefined) return
    if (mode === 'token') takePieces()
    else if (mode === 'sentence') takeSentences()
  }
  const begin = (reason: string): void => {
    if (told !== '') live.reset(reason)
    attempt += 1
    waiting = []
    ;[written, taken, told, isHeld] = ['', 0, '', false]
  }
  const known = live.mode().then(
    (found) => {
      mode = found
      take()
    },
    (err: unknown) => {
      log.warn({ err }, 'what people may see of a reply is not known; they see it when it is sent')
      mode = 'off'
    },
  )

  return {
    stream: {
      delta(text) {
        if (isSettled || isHeld || mode === 'off') return
        written += text
        if (written.length > ATTEMPT_CHARS_MAX) isHeld = true
        else take()
      },
      reset(reason) {
        if (!isSettled) begin(reason)
      },
    },
    async settle(text, reason = 'replaced') {
      await known
      if (isSettled) return
      isSettled = true
      attempt += 1
      waiting = []
      if (mode === 'off') return
      if (text === undefined || !text.startsWith(told)) begin(reason)
      if (text !== undefined) tell(text.slice(told.length))
    },
  }
}
