import { PassThrough } from 'node:stream'
import type { LiveEvent } from '../../streams/live-feed.ts'
import { asProblem, HttpProblem } from '../problems.ts'
import { chunk, type CompletionHead, textOfReplies, usageChunk, usageOf } from './completion-answer.ts'
import type { ConversationMessage } from './conversation-messages.ts'
import { openAiError } from './openai-errors.ts'

/** A client hears something at least this often: proxies close what is silent. */
const HEARTBEAT_MS = 15_000
/** Bytes that wait for a client which does not read. It is cut off beyond them. */
const UNREAD_BYTES_MAX = 1024 ** 2

/** A reply as events of the server, while it is written and when it is there. */
export interface CompletionStream {
  readonly stream: PassThrough
  /** Sends a piece that may yet be taken back. */
  provisional(text: string): void
  /** What was sent provisionally does not count. */
  reset(): void
  /** Sends what is missing of the reply, and ends. */
  end(messages: readonly ConversationMessage[]): void
  /** Ends with an error. */
  fail(error: unknown): void
}

export function createCompletionStream(head: CompletionHead, hasUsage: boolean): CompletionStream {
  const stream = new PassThrough()
  let sent = ''
  let isReset = false
  const write = (text: string): void => {
    if (stream.writableEnded || stream.destroyed) return
    if (stream.writableLength + stream.readableLength > UNREAD_BYTES_MAX) stream.destroy()
    else stream.write(text)
  }
  const event = (data: object): void => write(`data: ${JSON.stringify(data)}\n\n`)
  const heartbeat = setInterval(() => write(': the reply is being written\n\n'), HEARTBEAT_MS)
  stream.once('close', () => clearInterval(heartbeat))
  const finish = (): void => {
    clearInterval(heartbeat)
    stream.end()
  }
  const fail = (error: unknown): void => {
    event(openAiError(asProblem(error)))
    finish()
  }
  event(chunk(head, { role: 'assistant', content: '' }))
  return {
    stream,
    provisional(text) {
      if (isReset || text === '') return
      sent += text
      event(chunk(head, { content: text }))
    },
    reset() {
      isReset = sent !== ''
    },
    end(messages) {
      const text = textOfReplies(messages)
      if (isReset || !text.startsWith(sent)) {
        const detail = 'what was sent of the reply was replaced; drop it, and send the same request again for the recorded reply'
        return fail(new HttpProblem('reply_replaced', detail))
      }
      const rest = text.slice(sent.length)
      if (rest !== '') event(chunk(head, { content: rest }))
      event(chunk(head, {}, true))
      if (hasUsage) event(usageChunk(head, usageOf(messages)))
      write('data: [DONE]\n\n')
      return finish()
    },
    fail,
  }
}

/** Passes the pieces of a reply on to a stream, until the first gap. */
export function createLiveListener(to: Pick<CompletionStream, 'provisional' | 'reset'>): (event: LiveEvent) => void {
  let attempt = ''
  let next = 0
  return ({ message }) => {
    if (message.event === 'place' || message.event === 'typing') return
    if (message.event === 'reset') return to.reset()
    const name = `${message.run}/${message.attempt}`
    if (name !== attempt) {
      // Another attempt starts from the beginning.
      if (attempt !== '') to.reset()
      attempt = name
      next = 0
    }
    if (message.index !== next) return
    next += 1
    to.provisional(message.text)
  }
}
