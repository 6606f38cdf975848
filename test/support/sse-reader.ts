import { get, type IncomingMessage } from 'node:http'
import { createParser } from 'eventsource-parser'

/** An event as a client of server-sent events reads it. */
export interface SseEvent {
  /** Absent for what is not resumed. */
  readonly id: number | undefined
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** A client of server-sent events. The events are parsed by a library that is not ours. */
export interface SseReader {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly events: readonly SseEvent[]
  /** The id with which a browser would connect again: also one that came without an event. */
  readonly lastId: () => string | undefined
  readonly retryMs: () => number | undefined
  readonly comments: () => number
  /** All that was received. */
  readonly text: () => string
  readonly hasEnded: () => boolean
  /** Stops reading, as a client that hangs. */
  pause(): void
  resume(): void
  close(): void
}

export async function readSse(url: string, headers: Readonly<Record<string, string>> = {}): Promise<SseReader> {
  const events: SseEvent[] = []
  let text = ''
  let retryMs: number | undefined
  let comments = 0
  let hasEnded = false
  const parser = createParser({
    onEvent: ({ id, event = 'message', data }) => {
      events.push({ id: id === undefined ? undefined : Number(id), type: event, data: JSON.parse(data) as SseEvent['data'] })
    },
    onRetry: (ms) => (retryMs = ms),
    onComment: () => (comments += 1),
  })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on('error', reject)
  })
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    text += chunk
    parser.feed(chunk)
  })
  response.on('error', () => undefined)
  response.once('close', () => (hasEnded = true))
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events,
    // An id counts with the end of its block.
    lastId: () => [...text.slice(0, text.lastIndexOf('\n\n') + 1).matchAll(/^id: (\d+)$/gm)].at(-1)?.[1],
    retryMs: () => retryMs,
    comments: () => comments,
    text: () => text,
    hasEnded: () => hasEnded,
    pause: () => response.pause(),
    resume: () => response.resume(),
    close: () => response.destroy(),
  }
}
