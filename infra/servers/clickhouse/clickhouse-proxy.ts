import http from 'node:http'
import { pipeline } from 'node:stream'
import { knownHosts } from '../../../pipeline/http/known-hosts.ts'
import { isFull, refuseForNow, waitsTooLong, withQueryId } from './query-slots.ts'

/** Connections of all clients together; a further one is closed. */
const CONNECTIONS_MAX = 1_024
/** Request line and headers, of a request (beyond: 431) and of an answer. A query may be in the request line. */
const HEADER_BYTES_MAX = 512 * 1024
/** Of one header; beyond: 431. The engine refuses values of 128 KiB itself, and ends if its client is gone by then. */
const NAME_BYTES_MAX = 256
const VALUE_BYTES_MAX = 64 * 1024
/** Time for the headers of a request. Its body and its answer have no limit, because inserts and queries may be long. */
const HEADERS_MS_MAX = 30_000
/** Time that a connection may be idle between two requests; clients are told. */
const IDLE_MS_MAX = 10_000

const METHODS: ReadonlyMap<string, readonly string[]> = new Map([
  ['/ping', ['GET', 'HEAD']],
  ['/', ['GET', 'HEAD', 'POST', 'OPTIONS']],
  ['/query', ['GET', 'POST', 'OPTIONS']],
  ['/play', ['GET', 'HEAD']],
])
/** ClickHouse's own page for queries. The engine ends if its client hangs up during a page, so it is read to its end. */
const isPage = (path: string): boolean => path.split('?', 1).join() === '/play'
/** Whether a request asks the engine something: a path without parameters, read by GET, is a ping. */
const isQuery = ({ method, url = '' }: http.IncomingMessage): boolean =>
  ['/', '/query'].includes(url.split('?', 1).join()) && (method === 'POST' || (method === 'GET' && url.includes('?')))
/** Headers of one connection, which the other side of the proxy must not get. Node answers `Expect`. */
const CONNECTION_HEADERS = new Set(['host', 'connection', 'keep-alive', 'expect', 'upgrade', 'te', 'trailer'])

/**
 * Creates the public HTTP server of the embedded ClickHouse. It passes requests on to the engine's own, which listens on loopback.
 *
 * The engine ends on bytes that are no HTTP request, on half a request, on a Content-Length of 2^64 - 1, and when a client leaves before
 * the engine's refusal of a long header. These are refused here, most by Node, and the engine gets a request only after all of its headers
 * have come. When a client hangs up, so does the proxy: that ends the query or insert, not the engine.
 *
 * A request must name a known host (else 403), and be a query or a ping (else 404).
 */
export function createClickHouseProxy(enginePort: number, allowedHosts: readonly string[]): http.Server {
  const known = new RegExp(knownHosts(allowedHosts), 'i')
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX })
  const engine = { host: '127.0.0.1', port: enginePort, agent, maxHeaderSize: HEADER_BYTES_MAX }

  const passOn = (from: http.IncomingMessage, to: http.ServerResponse): void => {
    const { method, url = '' } = from
    const { path, queryId } = isQuery(from) ? withQueryId(inOwnDatabase(url)) : { path: url, queryId: '' }
    // The headers keep Transfer-Encoding: Node would send the body of a GET without a frame, where the engine expects the next request.
    const inner = http.request({ ...engine, method, path, headers: requestHeaders(from.headers) })
    const watch = new AbortController()
    inner.once('response', (answer) => {
      watch.abort()
      if (isFull(answer)) {
        answer.resume()
        return refuseForNow(to)
      }
      const { 'transfer-encoding': _, ...headers } = passedOn(answer.headers)
      to.writeHead(answer.statusCode ?? 502, answer.statusMessage, headers)
      if (isPage(path)) readToEnd(answer, to)
      else pipeline(answer, to, () => undefined)
    })
    inner.on('error', ({ message }) => (to.headersSent ? to.destroy() : refuse(to, 502, `ClickHouse's engine does not answer: ${message}`)))
    if (!isPage(path)) to.once('close', () => hangUp(inner))
    // Not a pipeline, which would close the client's connection if the engine answers and does not read the rest of the body.
    from.pipe(inner)
    if (queryId === '') return
    to.once('close', () => watch.abort())
    from.once('end', () => {
      void waitsTooLong({ engine, path, headers: from.headers, queryId }, watch.signal).then((tooLong) => {
        if (!tooLong || to.headersSent) return
        refuseForNow(to)
        hangUp(inner)
      })
    })
  }

  const bounds = { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: HEADERS_MS_MAX, requestTimeout: 0, keepAliveTimeout: IDLE_MS_MAX }
  const server = http.createServer(bounds, (from, to) => {
    const { method = '', url = '', headers } = from
    const methods = METHODS.get(url.split('?', 1).join()) ?? []
    if (!known.test(headers.host ?? '')) refuse(to, 403, 'Ask for localhost or 127.0.0.1, or add this host name to COLLOQUY_ALLOWED_HOSTS.')
    else if (!methods.includes(method)) refuse(to, 404, 'Not served here.')
    else if (Object.entries(headers).some(isTooLong)) refuse(to, 431, 'A header is too long.')
    else if (Number(headers['content-length'] ?? 0) > Number.MAX_SAFE_INTEGER) refuse(to, 413, 'Content-Length is too large.')
    else passOn(from, to)
  })
  server.maxConnections = CONNECTIONS_MAX
  return server
}

/** Hands an answer on, and reads it to its end also if the client hangs up. */
function readToEnd(answer: http.IncomingMessage, to: http.ServerResponse): void {
  to.once('close', () => answer.resume())
  answer.pipe(to)
  if (to.destroyed) answer.resume()
}

/** Ends a request that is not complete, but not before all that was written is with the engine, which ends on half of the headers. */
function hangUp(inner: http.ClientRequest): void {
  if (inner.destroyed) return
  if (inner.socket?.writable === true) inner.socket.write('', () => inner.destroy())
  else inner.destroy()
}

const isTooLong = ([name, value = '']: [string, unknown]): boolean => name.length > NAME_BYTES_MAX || String(value).length > VALUE_BYTES_MAX

/**
 * Takes the database `default` out of a request, which then goes to the user's own database. JDBC and others send it when nobody named a
 * database; the engine's has nothing in it.
 */
const inOwnDatabase = (path: string): string => path.replace(/([?&])database=default(?:&|$)/, '$1')
const requestHeaders = (headers: http.IncomingHttpHeaders): http.IncomingHttpHeaders => {
  const { 'x-clickhouse-database': named, ...others } = passedOn(headers)
  return named === undefined || named === 'default' ? others : { ...others, 'x-clickhouse-database': named }
}

const passedOn = (headers: http.IncomingHttpHeaders): http.IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !CONNECTION_HEADERS.has(name)))

/** Closes the connection too, because nothing reads the body of the request. */
const refuse = (to: http.ServerResponse, status: number, text: string): unknown => to.writeHead(status, { Connection: 'close' }).end(text)
