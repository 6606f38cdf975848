import { Agent, createServer, type IncomingHttpHeaders, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { knownHosts } from '../../../pipeline/http/known-hosts.ts'

/** Connections of all clients together; a further one is closed. */
const CONNECTIONS_MAX = 1_024
/** Request line and headers, of a request (beyond: 431) and of an answer. A query may be in the request line. */
const HEADER_BYTES_MAX = 512 * 1024
/** Time for the headers of a request. Its body and its answer have no limit, because inserts and queries may be long. */
const HEADERS_MS_MAX = 30_000
/** Time that a connection may be idle between two requests; clients are told. */
const IDLE_MS_MAX = 10_000

const METHODS: Readonly<Record<string, readonly (string | undefined)[]>> = {
  '/ping': ['GET', 'HEAD'],
  '/': ['GET', 'HEAD', 'POST', 'OPTIONS'],
  '/query': ['GET', 'POST', 'OPTIONS'],
}
/** Headers of one connection, so they are not passed on. Each side of the proxy has its own. */
const CONNECTION_HEADERS = new Set(['host', 'connection', 'keep-alive', 'expect', 'upgrade', 'te', 'trailer', 'x-forwarded-for'])

const forwarded = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !CONNECTION_HEADERS.has(name)))

/**
 * Creates the public HTTP server of the embedded ClickHouse. It passes requests on to the engine's own, which listens on loopback.
 *
 * The engine ends on bytes that are no HTTP request, on half a request and on very large headers. Node refuses these, and the engine gets
 * a request only after all of its headers have come. When a client hangs up, so does the proxy, which the engine takes as the end of the
 * query or insert.
 *
 * A request must name a known host (else 403), and be a query or a ping (else 404).
 */
export function createClickHouseProxy(enginePort: number, allowedHosts: readonly string[]): Server {
  const known = new RegExp(knownHosts(allowedHosts), 'i')
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX })

  const passOn = (from: IncomingMessage, to: ServerResponse): void => {
    const path = from.url ?? '/'
    // By this address the engine admits users without a password.
    const headers = { ...forwarded(from.headers), 'x-forwarded-for': from.socket.remoteAddress?.replace('::ffff:', '') }
    const inner = request({ host: '127.0.0.1', port: enginePort, agent, method: from.method, path, headers, maxHeaderSize: HEADER_BYTES_MAX })
    inner.on('error', (error) => (to.headersSent ? to.destroy() : refuse(to, 502, `ClickHouse's engine does not answer: ${error.message}`)))
    inner.once('response', (answer) => {
      const { 'transfer-encoding': _, ...rest } = forwarded(answer.headers)
      to.writeHead(answer.statusCode ?? 502, answer.statusMessage, rest)
      pipeline(answer, to, () => undefined)
    })
    to.once('close', () => inner.destroy())
    from.pipe(inner)
  }

  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_MS_MAX,
      requestTimeout: 0,
      keepAliveTimeout: IDLE_MS_MAX,
    },
    (from, to) => {
      const [path = ''] = (from.url ?? '').split('?', 1)
      if (!known.test(from.headers.host ?? ''))
        refuse(to, 403, 'Ask for localhost or 127.0.0.1, or add this host name to COLLOQUY_ALLOWED_HOSTS.')
      else if (METHODS[path]?.includes(from.method) !== true) refuse(to, 404, 'Not served here.')
      else passOn(from, to)
    },
  )
  server.maxConnections = CONNECTIONS_MAX
  return server
}

/** Ends the connection too, because the body of the request is not read. */
const refuse = (to: ServerResponse, status: number, text: string): unknown => to.writeHead(status, { Connection: 'close' }).end(text)
