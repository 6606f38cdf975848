import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { watchConnection } from './connection-events.ts'

/**
 * Requests with many under way over one reply subscription. The client's own `request` makes errors and timers for every call,
 * and writes to the socket for many of them, which costs more than all the rest.
 */
export interface RequestMux {
  /**
   * Sends within this turn of the event loop and settles with the reply.
   *
   * @throws ColloquyError `no_reply` (it may have been received all the same), `no_responders`, `not_sent` (the connection is closed, or
   * the payload is larger than the server takes), or `closed`.
   */
  request(subject: string, payload: Uint8Array | string, headers?: MsgHdrs): Promise<Msg>
  /** Requests that have no reply yet. */
  readonly pending: number
  /** Waits for what is under way, up to the time-out, then ends; without a connection at once. */
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

/** @param options.timeoutMs how long a reply may take; default 5 s. */
export function createRequestMux(nc: NatsConnection, options: { readonly timeoutMs?: number } = {}): RequestMux {
  const timeoutMs = options.timeoutMs ?? 5_000
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
    callback: (error, reply) => {
      const entry = take(reply.subject.slice(inbox.length + 1))
      if (entry === undefined) return
      if (error !== null) entry.reject(new ColloquyError('no_reply', `no reply for "${entry.subject}"`, { cause: error }))
      else if (reply.data.length === 0 && reply.headers?.code === NO_RESPONDERS) entry.reject(new ColloquyError('no_responders', `nobody takes "${entry.subject}", or JetStream is away`))
      else entry.resolve(reply)
    },
  })
  let sweptAt = performance.now()
  let isReprieve = false
  const sweep = setInterval(() => {
    const now = performance.now()
    // After a standstill of this process itself, of its garbage collector for instance, answers that came meanwhile have yet to be read.
    isReprieve = !isReprieve && now - sweptAt > 2 * SWEEP_MS
    sweptAt = now
    if (isReprieve) return
    const oldest = now - timeoutMs
    for (const [token, entry] of pending) {
      if (entry.sentAt > oldest) break
      take(token)?.reject(new ColloquyError('no_reply', `no reply for "${entry.subject}" within ${timeoutMs} ms; it may have been received`))
    }
  }, SWEEP_MS)

  // What was sent before or during a break may never be answered; waiting for the time-out would only cost time.
  const giveUp = (): void => {
    for (const token of [...pending.keys()]) {
      const entry = take(token)
      entry?.reject(new ColloquyError('no_reply', `the connection was lost while "${entry.subject}" waited for its reply; it may have been received`))
    }
  }
  let isConnected = true
  const disconnects = watchConnection(nc, 'disconnect', () => {
    isConnected = false
    if (closed) giveUp()
  })
  const reconnects = watchConnection(nc, 'reconnect', () => {
    isConnected = true
    giveUp()
  })

  // All that one turn of the event loop asks is written to the socket at once: a write is the dearest part of it.
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
        if (closed) throw new ColloquyError('closed', `"${subject}" was asked after the connection had closed`)
        const token = (++tokens).toString(36)
        pending.set(token, { resolve, reject, subject, sentAt: performance.now() })
        if (outbox.length === 0) setImmediate(send)
        outbox.push({ token, publish: () => nc.publish(subject, payload, { reply: `${inbox}.${token}`, headers }) })
      })
    },
    async close() {
      closed = true
      if (!isConnected) giveUp()
      while (pending.size > 0) await new Promise<void>((resume) => { drained = resume })
      clearInterval(sweep)
      disconnects.stop()
      reconnects.stop()
      subscription.unsubscribe()
    },
  }
}
