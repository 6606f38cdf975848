import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { watchConnection } from './connection-events.ts'

/**
 * Concurrent requests over one reply subscription. The client's own `request` makes an error object and a timer for every call and writes
 * to the socket for each; both cost more than the rest of a request.
 */
export interface RequestMux {
  /**
   * Sends within this turn of the event loop and settles with the reply.
   *
   * @throws ColloquyError `no_reply` (the server may have received it), `no_responders`, `not_sent` (the connection is closed, or the
   * payload is larger than the server accepts), or `closed`.
   */
  request(subject: string, payload: Uint8Array | string, headers?: MsgHdrs): Promise<Msg>
  /** Requests that have no reply yet. */
  readonly pending: number
  /** Waits for pending requests, at most for the timeout; without a connection they fail at once. */
  close(): Promise<void>
}

interface Pending {
  readonly resolve: (reply: Msg) => void
  readonly reject: (error: Error) => void
  readonly subject: string
  readonly sentAt: number
}

const NO_RESPONDERS = 503
const SWEEP_MS = 250

const optionsSchema = z.object({ options: z.object({ inboxPrefix: z.string().optional() }) })

/** The inbox prefix that a connection was opened with. The client's type does not show it. */
const inboxPrefixIn = (nc: NatsConnection): string | undefined => optionsSchema.safeParse(nc).data?.options.inboxPrefix

/** @param options.timeoutMs how long a reply may take; default 5 s. */
export function createRequestMux(nc: NatsConnection, options: { readonly timeoutMs?: number } = {}): RequestMux {
  const timeoutMs = options.timeoutMs ?? 5_000
  const inbox = createInbox(inboxPrefixIn(nc))
  // In the order of sending: the sweep stops at the first request that is young enough.
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
    callback: (error, reply) => {
      const entry = take(reply.subject.slice(inbox.length + 1))
      if (entry === undefined) return
      if (error !== null) entry.reject(new ColloquyError('no_reply', `no reply for "${entry.subject}"`, { cause: error }))
      else if (reply.data.length === 0 && reply.headers?.code === NO_RESPONDERS) {
        entry.reject(
          new ColloquyError('no_responders', `no server answers "${entry.subject}": JetStream is away or the stream does not exist`),
        )
      } else entry.resolve(reply)
    },
  })
  let sweptAt = performance.now()
  let isReprieve = false
  const sweep = setInterval(() => {
    const now = performance.now()
    // After a pause of this process (garbage collection, a stopped machine) replies that have arrived are still unread.
    isReprieve = !isReprieve && now - sweptAt > 2 * SWEEP_MS
    sweptAt = now
    if (isReprieve) return
    const oldest = now - timeoutMs
    for (const [token, entry] of pending) {
      if (entry.sentAt > oldest) break
      take(token)?.reject(
        new ColloquyError('no_reply', `no reply for "${entry.subject}" within ${timeoutMs} ms; it may have been received`),
      )
    }
  }, SWEEP_MS)

  // Requests sent before or during a break may never be answered: waiting for the timeout would only delay the retry.
  const failPending = (): void => {
    for (const token of [...pending.keys()]) {
      const entry = take(token)
      entry?.reject(
        new ColloquyError('no_reply', `the connection was lost while "${entry.subject}" waited for its reply; it may have been received`),
      )
    }
  }
  let isConnected = true
  const disconnects = watchConnection(nc, 'disconnect', () => {
    isConnected = false
    if (closed) failPending()
  })
  const reconnects = watchConnection(nc, 'reconnect', () => {
    isConnected = true
    failPending()
  })

  // All requests of one turn of the event loop go to the socket in one write: a write is the most expensive part of a request.
  let outbox: { readonly token: string; readonly publish: () => void }[] = []
  const send = (): void => {
    const sending = outbox
    outbox = []
    for (const { token, publish } of sending) {
      try {
        publish()
      } catch (cause) {
        const entry = take(token)
        entry?.reject(new ColloquyError('not_sent', `"${entry.subject}" could not be sent: ${messageOf(cause)}`, { cause }))
      }
    }
  }

  return {
    get pending() {
      return pending.size
    },
    request(subject, payload, headers) {
      return new Promise((resolve, reject) => {
        if (closed) throw new ColloquyError('closed', `cannot send "${subject}": the connection was closed`)
        const token = (++tokens).toString(36)
        pending.set(token, { resolve, reject, subject, sentAt: performance.now() })
        if (outbox.length === 0) setImmediate(send)
        outbox.push({ token, publish: () => nc.publish(subject, payload, { reply: `${inbox}.${token}`, headers }) })
      })
    },
    async close() {
      closed = true
      if (!isConnected) failPending()
      while (pending.size > 0)
        await new Promise<void>((resume) => {
          drained = resume
        })
      clearInterval(sweep)
      disconnects.stop()
      reconnects.stop()
      subscription.unsubscribe()
    },
  }
}
