import type { NatsConnection } from '@nats-io/transport-node'

/** Bytes of live messages that the server has not confirmed yet: those in the buffers of the client and of the connection. */
const UNCONFIRMED_BYTES_MAX = 1024 ** 2
/** After so many bytes the server is asked whether it has them. */
const CONFIRM_BYTES = 128 * 1024

/** Publishes on core NATS what may be lost, without ever waiting. */
export interface LivePublisher {
  /** False: there is no room, and nothing was published. */
  publish(subject: string, payload: string): boolean
}

/**
 * Creates a publisher for all runs of a process. The client of NATS keeps without a bound what a connection does not take, also while it is
 * away; so the publisher counts what the server has not confirmed by a PONG, which it does not wait for.
 */
export function createLivePublisher(nc: Pick<NatsConnection, 'publish' | 'flush' | 'isClosed' | 'isDraining'>): LivePublisher {
  let unconfirmedBytes = 0
  let isAsking = false
  const confirm = (): void => {
    if (isAsking || unconfirmedBytes < CONFIRM_BYTES) return
    isAsking = true
    const bytes = unconfirmedBytes
    const confirmed = (): void => {
      isAsking = false
      unconfirmedBytes -= bytes
    }
    // It rejects where the connection breaks, which empties the buffers.
    nc.flush().then(confirmed, confirmed)
  }
  return {
    publish(subject, payload) {
      const bytes = Buffer.byteLength(payload) + subject.length
      if (nc.isClosed() || nc.isDraining() || unconfirmedBytes + bytes > UNCONFIRMED_BYTES_MAX) return false
      nc.publish(subject, payload)
      unconfirmedBytes += bytes
      confirm()
      return true
    },
  }
}
