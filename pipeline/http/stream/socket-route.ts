import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { WebSocketServer } from 'ws'
import { LIMITS } from '../../../schemas/limits.ts'
import { addRoute, type DescribedRoute } from '../described-route.ts'
import { asProblem, HttpProblem } from '../problems.ts'
import { answerRaw } from '../raw-answer.ts'
import { PROTOCOL } from './socket-access.ts'
import { serveSocket, type SocketDeps } from './socket-session.ts'
import { takePlace } from './sse-response.ts'

export interface SocketRouteDeps extends SocketDeps {
  readonly leavePlaces: (socket: Socket) => void
}

const PATH = '/v1/ws'

/** Whether a request asks to become a WebSocket here. All others are answered as requests, also those that offer HTTP/2. */
export const isSocketRequest = ({ url = '', headers }: IncomingMessage): boolean =>
  url.split('?')[0] === PATH && headers.upgrade?.toLowerCase() === 'websocket'

export const SOCKET_ROUTE = {
  method: 'GET',
  path: PATH,
  name: 'openSocket',
  may: 'read',
  tenantIn: 'nowhere',
  summary: 'Opens a WebSocket: events of any number of actors one way, inputs the other',
  answers: { 101: { description: 'The WebSocket is open', type: 'text/plain' } },
  problems: ['upgrade_required', 'bad_origin', 'too_many_streams'],
} as const satisfies DescribedRoute

/** Adds the WebSocket `/v1/ws`. The server must be made with `isSocketRequest` as `shouldUpgradeCallback`. */
export function addSocketRoute(app: FastifyInstance, { leavePlaces, ...deps }: SocketRouteDeps): void {
  const { access, outlets } = deps
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: LIMITS.inputBytesMax,
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has(PROTOCOL) ? PROTOCOL : false),
  })
  addRoute(app, SOCKET_ROUTE, async () => {
    throw new HttpProblem('upgrade_required', `${PATH} takes only WebSockets`, { headers: { upgrade: 'websocket', connection: 'upgrade' } })
  })
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // It may break before it is a WebSocket.
    socket.on('error', () => socket.destroy())
    void open(request, socket, head)
  })
  const open = async (request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> => {
    try {
      const client = socket.remoteAddress ?? ''
      const opener = await access.check(request)
      takePlace(outlets, client)
      socket.once('close', () => outlets.places.release(client))
      leavePlaces(socket)
      socket.setTimeout(0)
      server.handleUpgrade(request, socket, head, (ws) => serveSocket(deps, ws, socket, client, opener))
    } catch (error) {
      answerRaw(asProblem(error), socket)
    }
  }
}
