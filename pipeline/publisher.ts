import { createInbox, headers, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node'
import { ColloquyError } from '../schemas/errors.ts'

/**
 * Publishing to JetStream with many messages under way over one reply subscription. The client's own `publish` makes an
 * inbox and a timer per call, which costs more than all the rest of it.
 */
export interface Publisher {
  /**
   * Sends within this turn of the event loop and settles when the stream answers. A refusal is a result; what has no known outcome rejects.
   *
   * @throws ColloquyError `ack_timeout` (the message may have been stored all the same), `no_stream` (nobody takes the
   * subject) or `publisher_closed`.
   */
  publish(subject: string, payload: Uint8Array | string, options?: PublishOptions): Promise<PublishResult>
  /** Messages that have no answer yet. */
  readonly pending: number
  /** Waits for what is under way, up to the ack time-out, then ends. */
  close(): Promise<void>
}

export interface PublishOptions {
  /** `Nats-Msg-Id`: within the stream's window a second one is not stored. */
  readonly msgId?: string
  /** The stream must not hold a later message of this very subject; 0 for none at all. */
  readonly expectLastSubjectSequence?: number
  readonly headers?: Readonly<Record<string, string>>
}

export type PublishResult =
  | { readonly ok: true; readonly seq: number; readonly duplicate: boolean }
  | { readonly ok: false; readonly code: number; readonly description: string }

/** JetStream's own codes that callers act on. */
export const JS_CODE = {
  wrongLastSequence: 10071,
  /** R3 only: another publish on this subject is under way. */
  publishInFlight: 10164,
} as const

interface Pending {
  readonly resolve: (result: PublishResult) => void
  readonly reject: (error: Error) => void
  readonly subject: string
  readonly sentAt: number
}

const NO_RESPONDERS = 503
const SWEEP_MS = 250

export interface PublisherOptions {
  /** How long an answer may take. Default 5 s. */
  readonly ackTimeoutMs?: number
}

export function createPublisher(nc: NatsConnection, options: PublisherOptions = {}): Publisher {
  const ackTimeoutMs = options.ackTimeoutMs ?? 5_000
  const inbox = createInbox()
  // In the order of sending, so that the sweep may stop at the first one that is young enough.
  const pending = new Map<string, Pending>()
  let tokens = 0
  let closed = false
  let drained = (): void => undefined

  const take = (token: string): Pending | undefined => {
    const entry = pending.get(token)
    if (pending.delete(token) && pending.size === 0) drained()
    return entry
  }
  const subscription = nc.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      const token = message.subject.slice(inbox.length + 1)
      const entry = take(token)
      if (entry === undefined) return
      if (error !== null) entry.reject(new ColloquyError('ack_timeout', `no answer for "${entry.subject}"`, { cause: error }))
      else settle(entry, message)
    },
  })
  const sweep = setInterval(() => {
    const oldest = performance.now() - ackTimeoutMs
    for (const [token, entry] of pending) {
      if (entry.sentAt > oldest) break
      take(token)?.reject(new ColloquyError('ack_timeout', `no answer for "${entry.subject}" within ${ackTimeoutMs} ms; it may have been stored`))
    }
  }, SWEEP_MS)

  // All that one turn of the event loop publishes is written to the socket at once: a write is the dearest part of it.
  let outbox: (() => void)[] = []
  const send = (): void => {
    const sending = outbox
    outbox = []
    for (const sendOne of sending) sendOne()
  }

  return {
    get pending() {
      return pending.size
    },
    publish(subject, payload, publishOptions) {
      return new Promise((resolve, reject) => {
        if (closed) throw new ColloquyError('publisher_closed', `"${subject}" was published after the publisher had closed`)
        const token = (++tokens).toString(36)
        pending.set(token, { resolve, reject, subject, sentAt: performance.now() })
        if (outbox.length === 0) setImmediate(send)
        outbox.push(() => nc.publish(subject, payload, { reply: `${inbox}.${token}`, headers: headersOf(publishOptions) }))
      })
    },
    async close() {
      closed = true
      while (pending.size > 0) await new Promise<void>((resume) => { drained = resume })
      clearInterval(sweep)
      subscription.unsubscribe()
    },
  }
}

function settle(entry: Pending, message: Msg): void {
  if (message.data.length === 0 && message.headers?.code === NO_RESPONDERS) {
    entry.reject(new ColloquyError('no_stream', `no stream takes "${entry.subject}", or JetStream is away`))
    return
  }
  const answer = message.json<{ seq?: number; duplicate?: boolean; error?: { err_code?: number; description?: string } }>()
  if (answer.error !== undefined) {
    entry.resolve({ ok: false, code: answer.error.err_code ?? 0, description: answer.error.description ?? 'unknown error' })
  } else {
    entry.resolve({ ok: true, seq: answer.seq ?? 0, duplicate: answer.duplicate === true })
  }
}

function headersOf(options: PublishOptions | undefined): MsgHdrs | undefined {
  if (options === undefined) return undefined
  const made = headers()
  if (options.msgId !== undefined) made.set('Nats-Msg-Id', options.msgId)
  if (options.expectLastSubjectSequence !== undefined) {
    made.set('Nats-Expected-Last-Subject-Sequence', String(options.expectLastSubjectSequence))
  }
  for (const [name, value] of Object.entries(options.headers ?? {})) made.set(name, value)
  return made
}
