import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createFairPlaces } from '../runtime/fair-places.ts'
import { createLingeringClose } from './lingering-close.ts'

/** Connections beyond the limit that are kept for a moment, to answer health checks, and others with 503. */
const RESERVE = 64
/** Requests of one connection that may be in progress: HTTP pipelining sends them without waiting for answers. */
const PIPELINED_MAX = 32
/** A new connection has this long to send its first request before it counts as idle: the request may be on its way. */
const FIRST_REQUEST_MS = 1_000

export interface ConnectionPlaces {
  /** Whether requests of this connection get an answer other than that of a health check. */
  hasPlace(socket: Socket): boolean
  /** Gives the place of a connection back that becomes a stream: it is bounded elsewhere from now on, and has no further requests. */
  leave(socket: Socket): void
}

export interface ConnectionOptions {
  readonly connectionsMax: number
  /** Whose a connection is: no client gets all places. Default: its address. */
  readonly clientOf?: (socket: Socket) => string
  /** Answers a connection that cannot even be kept for a health check, and closes it with `destroySoon`. */
  readonly refuse: (socket: Socket) => void
}

const addressOf = ({ remoteAddress = '' }: Socket): string => remoteAddress

interface Connection {
  readonly client: string
  readonly openedMs: number
  hasPlace: boolean
  /** Whether it has had an answer. */
  isUsed: boolean
  inProgress: number
}

/**
 * Bounds the connections of a server. When all places are taken, a new connection takes the place of the one that has been without a
 * request for the longest time. If there is none, the new connection has no place: it may ask for the server's health only.
 */
export function boundConnections(server: Server, { connectionsMax, clientOf = addressOf, refuse }: ConnectionOptions): ConnectionPlaces {
  const places = createFairPlaces(connectionsMax)
  const connections = new Map<Socket, Connection>()
  /** Connections without a request in progress, the longest idle first. */
  const idle = new Set<Socket>()
  const closeLingering = createLingeringClose()

  const givePlace = (connection: Connection): boolean => {
    connection.hasPlace = places.acquire(connection.client)
    return connection.hasPlace
  }
  const release = (socket: Socket): void => {
    const connection = connections.get(socket)
    if (connection?.hasPlace === true) places.release(connection.client)
    connections.delete(socket)
    idle.delete(socket)
  }
  const closeIdle = (client: string): void => {
    const usedUpMs = performance.now() - FIRST_REQUEST_MS
    const closable = [...idle].filter((one) => {
      const connection = connections.get(one)
      return connection !== undefined && (connection.isUsed || connection.openedMs < usedUpMs)
    })
    // Of the same client first: it must not push out others once it holds its share.
    const own = closable.find((one) => connections.get(one)?.client === client)
    const socket = places.taken < connectionsMax ? own : (own ?? closable[0])
    if (socket === undefined) return
    release(socket)
    socket.destroy()
  }

  server.on('connection', (socket: Socket) => {
    const connection: Connection = { client: clientOf(socket), openedMs: performance.now(), hasPlace: false, isUsed: false, inProgress: 0 }
    if (!givePlace(connection)) {
      closeIdle(connection.client)
      givePlace(connection)
    }
    connections.set(socket, connection)
    idle.add(socket)
    // Node calls it after the last answer of a connection.
    socket.destroySoon = () => {
      release(socket)
      closeLingering(socket)
    }
    socket.once('close', () => release(socket))
    if (!connection.hasPlace && connections.size > connectionsMax + RESERVE) refuse(socket)
  })
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    const connection = connections.get(socket)
    if (connection === undefined) return
    connection.inProgress += 1
    idle.delete(socket)
    response.once('close', () => {
      connection.inProgress -= 1
      connection.isUsed = true
      if (connection.inProgress === 0 && connections.has(socket)) idle.add(socket)
    })
  })
  return {
    leave: release,
    hasPlace(socket) {
      const connection = connections.get(socket)
      if (connection === undefined || connection.inProgress > PIPELINED_MAX) return false
      return connection.hasPlace || givePlace(connection)
    },
  }
}
