import http from 'node:http'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { z } from 'zod'
import { boundConnections } from '../../../pipeline/http/connection-places.ts'
import { knownHosts } from '../../../pipeline/http/known-hosts.ts'
import { inOwnDatabase, isAnalysts, isCompressedByClickHouse, withinLimits, withoutProgress } from './analyst-requests.ts'
import { endQuery, isFull, refuseForNow, watchTurn, withQueryId } from './query-slots.ts'

/**
 * Connections of all clients together. A further one takes the place of the one that is idle for the longest time; if none is, it may only
 * ping, and queries get 503.
 */
const CONNECTIONS_MAX = 1_024
/** Request line and headers, of a request (beyond: 431) and of an answer. A query may be in the request line. */
const HEADER_BYTES_MAX = 512 * 1024
/** Of one header; beyond: 431. The engine refuses values of 128 KiB itself, and ends if its client is gone by then. */
const NAME_BYTES_MAX = 256
const VALUE_BYTES_MAX = 64 * 1024
/** Parameters in the request line, and bytes of each as it is sent (beyond: 414): more, and the engine answers 500. */
const PARAMETERS_MAX = 990
const PARAMETER_BYTES_MAX = 128 * 1024
/** Headers of a request; beyond: 431. */
const HEADERS_MAX = 1_000
/** Time for the headers of a request. */
const HEADERS_MS_MAX = 30_000
/** Time in which nothing of a body comes. The whole body and the answer have no limit, because inserts and queries may be long. */
const BODY_PAUSE_MS_MAX = 30_000
/** How often the time of headers is checked. */
const TIMEOUT_CHECK_MS = 1_000
/** Time that a connection may be idle between two requests; clients are told. */
const IDLE_MS_MAX = 10_000

/** Listeners for one event of an answer, above which Node warns of a leak. */
const LISTENERS_MAX = 20

/** Time after the end of a query's time in which the engine, which knows more, may say so itself. */
const GRACE_MS = 1_000

export const engineOptions = z.object({
  port: z.number(),
  enginePort: z.number(),
  allowedHosts: z.array(z.string()).readonly(),
  analyst: z.object({
    executionSec: z.number(),
    executionSecMax: z.number(),
    memoryBytesMax: z.number(),
    resultRowsMax: z.number(),
    spillBytesMax: z.number(),
    queriesMax: z.number(),
    queryBytesMax: z.number(),
  }),
})
/** What the process of the engine must know. */
export type EngineOptions = z.infer<typeof engineOptions>

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
 * have come. When a client hangs up, so does the proxy: that ends the query or insert, not the engine. So does the end of its time, when a
 * request does not go on coming.
 *
 * A request must name a known host (else 403), and be a query or a ping (else 404).
 *
 * Limits that the URL of an analyst's query names are lowered to what is allowed, and the query ends when its time is over, whatever its
 * text says. Queries that find no slot in time are refused (`query-slots.ts`).
 */
export function createClickHouseProxy(
  { enginePort, allowedHosts, analyst }: EngineOptions,
  { connectionsMax = CONNECTIONS_MAX, bodyPauseMs = BODY_PAUSE_MS_MAX, headersMs = HEADERS_MS_MAX }: ProxyLimits = {},
): http.Server {
  const known = new RegExp(knownHosts(allowedHosts), 'i')
  const agent = new http.Agent({ keepAlive: true, maxSockets: connectionsMax })
  const engine = { host: '127.0.0.1', port: enginePort, agent, maxHeaderSize: HEADER_BYTES_MAX }

  const passOn = (from: http.IncomingMessage, to: http.ServerResponse): void => {
    // Those of this file, of query-slots.ts and of Node's pipeline.
    to.setMaxListeners(LISTENERS_MAX)
    const { method, url: asked, headers } = inOwnDatabase(from)
    const url = withoutProgress(asked)
    const ofAnalyst = isAnalysts(headers, url)
    const { url: limited, executionSec } = ofAnalyst ? withinLimits(url, analyst) : { url, executionSec: undefined }
    const { path, queryId } = ofAnalyst && isQuery(from) ? withQueryId(limited, headers) : { path: limited, queryId: undefined }
    // The headers keep Transfer-Encoding: Node would send the body of a GET without a frame, where the engine expects the next request.
    const inner = http.request({ ...engine, method, path, headers: passedOn(headers, isCompressedByClickHouse(url)) })
    inner.once('response', (answer) => {
      if (isFull(answer)) {
        answer.resume()
        return refuseForNow(to)
      }
      if (answer.headers['x-clickhouse-exception-code'] === UNNAMED_ERROR) return void passOnError(answer, to)
      const { 'transfer-encoding': _, ...headers } = passedOn(answer.headers)
      to.writeHead(answer.statusCode ?? 502, answer.statusMessage, headers)
      if (isPage(path)) readToEnd(answer, to)
      else pipeline(answer, to, () => undefined)
    })
    inner.on('error', ({ message }) => (to.headersSent ? to.destroy() : refuse(to, 502, `ClickHouse's engine does not answer: ${message}`)))
    const end = (): void => {
      if (inner.destroyed || isPage(path)) return
      hangUp(inner)
      if (queryId !== undefined) void endQuery({ engine, path, headers, queryId })
    }
    to.once('close', end)
    if (executionSec !== undefined) endAfter(executionSec, analyst, to, end)
    endIfStalled(from, inner, bodyPauseMs, () => {
      end()
      if (to.headersSent) to.destroy()
      else refuse(to, 408, `Nothing of the body of this request came for ${bodyPauseMs / 1_000} s.`)
    })
    // Not a pipeline, which would close the client's connection if the engine answers and does not read the rest of the body.
    from.pipe(inner)
    if (queryId !== undefined) watchTurn({ engine, path, headers, queryId }, { from, to, inner }, end)
  }

  const bounds = {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: headersMs,
    requestTimeout: 0,
    keepAliveTimeout: IDLE_MS_MAX,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  }
  const server = http.createServer(bounds, (from, to) => {
    const { method = '', url = '', headers } = from
    const path = url.split('?', 1).join()
    const methods = METHODS.get(path) ?? []
    if (!known.test(headers.host ?? '')) refuse(to, 403, 'Ask for localhost or 127.0.0.1, or add this host name to COLLOQUY_ALLOWED_HOSTS.')
    else if (!methods.includes(method)) refuse(to, 404, 'Not served here.')
    else if (!connections.hasPlace(from.socket) && path !== '/ping') refuse(to, 503, NO_PLACE, NO_PLACE_HEADERS)
    else if (from.rawHeaders.length > 2 * HEADERS_MAX) refuse(to, 431, `More than ${HEADERS_MAX} headers.`)
    else if (isTooMuch(url)) refuse(to, 414, IN_THE_BODY, { 'X-ClickHouse-Exception-Code': '1000' })
    else if (Object.entries(headers).some(isTooLong)) refuse(to, 431, 'A header is too long.')
    else if (Number(headers['content-length'] ?? 0) > Number.MAX_SAFE_INTEGER) refuse(to, 413, 'Content-Length is too large.')
    else passOn(from, to)
  })
  // Node would drop further ones silently. Their bytes are bounded.
  server.maxHeadersCount = 0
  const connections = boundConnections(server, {
    connectionsMax,
    // All clients have the address of this machine.
    clientOf: ({ remoteAddress, remotePort }) => `${remoteAddress}:${remotePort}`,
    refuse: closeWithNoPlace,
  })
  return server
}

/** Bounds of what clients may use, for tests. */
export interface ProxyLimits {
  readonly connectionsMax?: number
  readonly bodyPauseMs?: number
  readonly headersMs?: number
}

/** In ClickHouse's form, so that clients show the text and know the code. */
const NO_PLACE =
  `Code: 210. DB::Exception: All ${CONNECTIONS_MAX} connections of the embedded ClickHouse are in use. Close some, or try `
  + 'again in 5 seconds. (NETWORK_ERROR)\n'
const NO_PLACE_HEADERS = { 'Retry-After': 5, 'X-ClickHouse-Exception-Code': 210 }

const IN_THE_BODY =
  `Code: 1000. DB::Exception: A parameter in the request line has at most ${PARAMETER_BYTES_MAX / 1024} KiB, and there are at most `
  + `${PARAMETERS_MAX} of them. Send a longer query as the body of a POST, and longer parameters as a form. (POCO_EXCEPTION)\n`

function isTooMuch(url: string): boolean {
  const parameters = url.split('?').slice(1).join('?').split('&')
  return parameters.length > PARAMETERS_MAX || parameters.some(isTooLongParameter)
}

/** The longer one of its name and its value counts. */
function isTooLongParameter(text: string): boolean {
  const nameEnd = text.includes('=') ? text.indexOf('=') : text.length
  return Math.max(nameEnd, text.length - nameEnd - 1) > PARAMETER_BYTES_MAX
}

/** Answers a connection for which there is no room even to read its request. */
function closeWithNoPlace(socket: Socket): void {
  const headers = { ...NO_PLACE_HEADERS, 'Content-Length': Buffer.byteLength(NO_PLACE), Connection: 'close' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 503 Service Unavailable\r\n${lines.join('')}\r\n${NO_PLACE}`)
  socket.destroySoon()
}

/** Calls back when nothing of a body has come for some time although the engine takes it. */
function endIfStalled(from: http.IncomingMessage, inner: http.ClientRequest, pauseMs: number, stalled: () => void): void {
  const timer = setTimeout(() => (inner.writableNeedDrain ? timer.refresh() : stalled()), pauseMs)
  from.on('data', () => timer.refresh())
  inner.on('drain', () => timer.refresh())
  for (const over of ['end', 'close']) from.once(over, () => clearTimeout(timer))
}

/** Ends an answer, and with it the query, when its time is over. Says so if the answer has not begun. */
function endAfter(sec: number, limits: Times, to: http.ServerResponse, end: () => void): void {
  const timer = setTimeout(
    () => {
      end()
      if (to.headersSent) to.destroy()
      else refuse(to, 408, timeIsOver(sec, limits), { 'X-ClickHouse-Exception-Code': '159' })
    },
    sec * 1_000 + GRACE_MS,
  )
  to.once('close', () => clearTimeout(timer))
}

type Times = Pick<EngineOptions['analyst'], 'executionSec' | 'executionSecMax'>

/** As ClickHouse says it, because clients take the number and the name from this text. */
const timeIsOver = (sec: number, { executionSec, executionSecMax }: Times): string =>
  `Code: 159. DB::Exception: Timeout exceeded: the query and its upload have taken ${sec} seconds. Whatever its SETTINGS clause says, `
  + `a query has ${executionSec} seconds, or up to ${executionSecMax} if max_execution_time in its URL says so. (TIMEOUT_EXCEEDED)\n`

/** ClickHouse's code of errors that have no code of their own. */
const UNNAMED_ERROR = '1001'
/**
 * The engine has no working folder, so that it opens no files (`clickhouse-engine.ts`). What needs one fails with this text: the function
 * file(), and formats that write or read a schema, as Protobuf does.
 */
const NO_FOLDER = 'call to getcwd failed'
const NO_FILES =
  'Code: 48. DB::Exception: The embedded ClickHouse opens no files: the function file() and the Protobuf formats, which need a file for '
  + 'their schema, are not available. Parquet, Arrow, Native and RowBinary are. (NOT_IMPLEMENTED)\n'

async function passOnError(answer: http.IncomingMessage, to: http.ServerResponse): Promise<void> {
  const said = await buffer(answer).catch(() => Buffer.alloc(0))
  const { 'transfer-encoding': _, 'content-length': __, 'content-encoding': coding, ...headers } = passedOn(answer.headers)
  if (decoded(said, coding).includes(NO_FOLDER)) to.writeHead(501, { ...headers, 'x-clickhouse-exception-code': '48' }).end(NO_FILES)
  else to.writeHead(answer.statusCode ?? 502, { ...headers, ...(coding !== undefined && { 'content-encoding': coding }) }).end(said)
}

const decoders: Record<string, (body: Buffer) => Buffer> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
}
/** Text without repetitions is legible in the remaining codings, both of them LZ4. */
function decoded(body: Buffer, coding = ''): Buffer {
  try {
    return decoders[coding]?.(body) ?? body
  } catch {
    return body
  }
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

const passedOn = (headers: http.IncomingHttpHeaders, plain = false): http.IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !CONNECTION_HEADERS.has(name) && !(plain && name === 'accept-encoding')))

/** Closes the connection too, because nothing reads the body of the request. */
const refuse = (to: http.ServerResponse, status: number, text: string, headers: http.OutgoingHttpHeaders = {}): unknown =>
  to.writeHead(status, { ...headers, Connection: 'close' }).end(text)
