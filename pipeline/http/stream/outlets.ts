import { createFairPlaces, type FairPlaces } from '../../runtime/fair-places.ts'
import type { Metrics } from '../../runtime/metrics.ts'

/** Bounds of streams. */
export interface StreamLimits {
  /** Streams at one time: SSE clients, WebSockets and their subscriptions. A tenant gets at most three quarters. Default 10,000. */
  readonly streamsMax: number
  /** Bytes that wait for one client: with more it gets nothing until it has read them all. Default 256 KiB, and one record. */
  readonly clientBytesMax: number
  /** Bytes that wait for all clients: with more, a client for which something waits gets nothing. Default 64 MiB. */
  readonly bytesMax: number
  /** A client that has not read what waits for it in this time is closed. Default 30,000. */
  readonly slowMs: number
  /** Time in which a client that is closed may still read why. Default 2,000. */
  readonly closeMs: number
  /** Silence after which a heartbeat goes out. Default 15,000. */
  readonly heartbeatMs: number
  /** How often clients are looked at. Default 1,000. */
  readonly tickMs: number
}

const LIMITS_DEFAULT: StreamLimits = {
  streamsMax: 10_000,
  clientBytesMax: 256 * 1024,
  bytesMax: 64 * 1024 ** 2,
  slowMs: 30_000,
  closeMs: 2_000,
  heartbeatMs: 15_000,
  tickMs: 1_000,
}

/** Why a stream ended, for the metric. `client`: its client closed it. */
export type EndReason = 'client' | 'slow' | 'busy' | 'closing' | 'silent' | 'refused'

/** The connection of a client. */
export interface Wire {
  readonly transport: 'sse' | 'ws'
  /** Bytes that wait in this process for the client. */
  buffered(): number
  heartbeat(): void
  /** Says why, if the client still reads, and closes the connection. */
  close(reason: EndReason): void
  /** Called when the client can take more. */
  onRoom(): void
}

/** What goes to one client. */
export interface Outlet {
  /** Whether the client can take another record. */
  hasRoom(): boolean
  /** Whether a piece of a reply would not wait behind other things. */
  isIdle(): boolean
  /** Call it after each write. @param events how many were written */
  wrote(events: number): void
  drained(): void
  /** The connection is over. Called once more, it does nothing. */
  ended(reason: EndReason): void
}

/** The clients of the streams of a server. */
export interface Outlets {
  /** Bounds how many streams there are; clients are tenants, and addresses of WebSockets. */
  readonly places: FairPlaces
  /** Time in which a client that is closed may still read why. */
  readonly closeMs: number
  open(wire: Wire): Outlet
  /** Tells all clients that the server stops. */
  close(): void
}

/** Bytes that may wait before a piece of a reply: it is the first thing to be dropped. */
const LIVE_BYTES_MAX = 16 * 1024

export function createOutlets(
  metrics: Pick<Metrics, 'streamsOpen' | 'streamEvents' | 'streamsClosed'>,
  limits?: Partial<StreamLimits>,
): Outlets {
  const { streamsMax, clientBytesMax, bytesMax, slowMs, closeMs, heartbeatMs, tickMs } = { ...LIMITS_DEFAULT, ...limits }
  const clients = new Map<Wire, { tick: (nowMs: number, sinceMs: number) => void }>()
  let waitingBytes = 0
  let ticking: NodeJS.Timeout | undefined

  let tickedAtMs = performance.now()
  const tickAll = (): void => {
    const nowMs = performance.now()
    // While this process stands still, no client can show that it reads.
    const sinceMs = Math.min(nowMs - tickedAtMs, 2 * tickMs)
    tickedAtMs = nowMs
    for (const { tick } of clients.values()) tick(nowMs, sinceMs)
  }
  return {
    places: createFairPlaces(streamsMax),
    closeMs,
    open(wire) {
      const { transport } = wire
      let held = 0
      /** How long something has waited. */
      let waitedMs = 0
      let wroteAtMs = performance.now()
      /** It was told that there is no room. */
      let isFull = false
      const look = (): void => {
        const now = wire.buffered()
        waitingBytes += now - held
        held = now
        if (held === 0) waitedMs = 0
      }
      const hasRoom = (): boolean => held === 0 || (held < clientBytesMax && waitingBytes < bytesMax)
      const giveRoom = (): void => {
        look()
        if (!isFull || !hasRoom()) return
        isFull = false
        wire.onRoom()
      }
      const tick = (nowMs: number, sinceMs: number): void => {
        giveRoom()
        if (held > 0) waitedMs += sinceMs
        if (waitedMs > slowMs) wire.close('slow')
        else if (nowMs - wroteAtMs > heartbeatMs) {
          wroteAtMs = nowMs
          wire.heartbeat()
        }
      }
      clients.set(wire, { tick })
      metrics.streamsOpen.inc({ transport })
      ticking ??= setInterval(tickAll, tickMs)
      return {
        hasRoom() {
          look()
          isFull = !hasRoom()
          return !isFull
        },
        isIdle: () => wire.buffered() < LIVE_BYTES_MAX,
        wrote(events) {
          wroteAtMs = performance.now()
          look()
          if (events > 0) metrics.streamEvents.inc({ transport }, events)
        },
        drained: giveRoom,
        ended(reason) {
          if (!clients.delete(wire)) return
          waitingBytes -= held
          metrics.streamsOpen.dec({ transport })
          metrics.streamsClosed.inc({ transport, reason })
          if (clients.size > 0) return
          clearInterval(ticking)
          ticking = undefined
        },
      }
    },
    close() {
      for (const wire of [...clients.keys()]) wire.close('closing')
    },
  }
}
