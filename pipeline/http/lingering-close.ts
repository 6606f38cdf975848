import type { Socket } from 'node:net'

/** How long a connection that is closed still takes what its client sends, and discards it. */
const LINGER_MS = 2_000
/** Connections that linger at one time; one more is closed at once. */
const LINGERING_MAX = 4_096

/**
 * Creates a function that closes a connection after all data is written, so that the client can read its answer: a socket that is closed
 * with unread bytes is reset, and the client's side then loses what it has not read. No further request of the connection is handled.
 */
export function createLingeringClose(): (socket: Socket) => void {
  const lingering = new Set<Socket>()
  return (socket) => {
    if (socket.destroyed || lingering.has(socket)) return
    if (lingering.size >= LINGERING_MAX) {
      socket.end(() => socket.destroy())
      return
    }
    lingering.add(socket)
    // Node's parser reads the connection by itself until somebody else listens.
    socket.on('data', () => undefined)
    for (const listener of socket.listeners('data').slice(0, -1)) socket.off('data', listener as (chunk: Buffer) => void)
    socket.end()
    socket.resume()
    const timeout = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('end', () => socket.destroy())
    socket.once('close', () => {
      clearTimeout(timeout)
      lingering.delete(socket)
    })
  }
}
