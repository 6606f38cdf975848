import { isIPv6, type AddressInfo, type Socket } from 'node:net'
import { STATUS_CODES } from 'node:http'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { ColloquyError, codeOf } from '../../schemas/errors.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import type { Search } from '../search/hybrid-search.ts'
import type { Metrics, MetricsSnapshot } from '../runtime/metrics.ts'
import type { Stage } from '../runtime/stage.ts'
import { checkProtection, createBearerCheck } from './bearer-token.ts'
import { addActorRoute } from './actor-route.ts'
import { watchConnection } from './connection-health.ts'
import { addHealthRoutes } from './health-routes.ts'
import { addInputRoute, WAIT_MS_MAX } from './input-route.ts'
import { watchMethods } from './allowed-methods.ts'
import { asProblem, HttpProblem, problemBody, PROBLEM_TYPE } from './problems.ts'
import { addSearchRoute } from './search-route.ts'
import { createStageLags } from './stage-lags.ts'
import type { Durability } from '../producer/receipt.ts'
import { createWaits, type WaitDeps } from '../producer/wait-for.ts'

export interface HttpServerOptions extends WaitDeps {
  readonly jetstream: JetStreamContext
  /** The stages of this process, for `/readyz` and the lags. */
  readonly stages: ReadonlyMap<string, Stage>
  readonly metrics: Metrics
  /** What stages measured that run in other threads of this process. */
  readonly otherMetrics?: () => Promise<MetricsSnapshot[]>
  readonly log: Logger
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
  /** Without one only loopback is listened on. */
  readonly token?: string | undefined
  /** Without it there is no `/v1/search`. */
  readonly search?: Search
  /** What an acknowledgement is worth, as producers are told. */
  readonly durability: Durability
  /** Adds hooks and routes before those of the interface; the hooks count for both. */
  readonly addRoutes?: (app: FastifyInstance) => void
}

export interface HttpServer {
  readonly url: string
  /** Takes nothing new, answers what is under way, and ends what takes longer than five seconds. May be called again. */
  stop(): Promise<void>
}

const HEADER_BYTES_MAX = 16 * 1024
/** A path with tokens that are somewhat too long still gets the answer that says so. */
const TOKEN_CHARS_MAX = 1_024
const CONTENT_TYPES = ['application/json', 'application/cloudevents+json']
const CONNECTIONS_MAX = 1_024
const HEADERS_TIMEOUT_MS = 10_000
/** For a whole request to arrive. */
const REQUEST_TIMEOUT_MS = 30_000
const KEEP_ALIVE_MS = 10_000
/** Silence of a connection; one that waits for its input is silent for as long as it may wait. */
const SILENCE_MS_MAX = WAIT_MS_MAX + 15_000
const STOP_MS_MAX = 5_000

/**
 * Starts the HTTP interface.
 *
 * @throws ColloquyError `http_unprotected`, `port_taken`, `bad_http_host`.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { jetstream, host, port, log, metrics, stages } = options
  checkProtection(host, options.token)
  const now = (): string => new Date().toISOString()
  const connection = watchConnection(jetstream.nc, now)
  const closing = new AbortController()

  const app = createApp(options)
  const refuseOtherMethods = watchMethods(app)
  options.addRoutes?.(app)
  addInputRoute(app, {
    publisher: jetstream.publisher, connection, waitFor: createWaits(options), closing: closing.signal, durability: options.durability,
  })
  addActorRoute(app, { jetstream, partitionCount: options.partitionCount, connection })
  if (options.search !== undefined) addSearchRoute(app, options.search)
  const refreshLags = createStageLags({ jetstream, stages, metrics, log, now: Date.now })
  addHealthRoutes(app, { stages, connection, metrics, otherMetrics: options.otherMetrics, refreshLags, startedAt: now() })
  refuseOtherMethods()
  const stop = async (): Promise<void> => {
    connection.stop()
    closing.abort()
    const timeout = setTimeout(() => app.server.closeAllConnections(), STOP_MS_MAX)
    await app.close()
    clearTimeout(timeout)
  }
  try {
    await app.listen({ host, port })
  } catch (error) {
    await stop()
    throw listenError(error, host, port)
  }
  return { url: urlOf(host, app.server.address()), stop }
}

function createApp({ log, metrics, token }: HttpServerOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: LIMITS.inputBytesMax,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: SILENCE_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: HEADERS_TIMEOUT_MS },
    routerOptions: { maxParamLength: TOKEN_CHARS_MAX },
    frameworkErrors: (error, request, reply) => void answer(error, request, reply),
    clientErrorHandler: (error, socket) => answerBroken(codeOf(error), socket),
  })
  app.server.maxConnections = CONNECTIONS_MAX
  const checkBearer = createBearerCheck(token)
  const answer = async (error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const problem = asProblem(error)
    const { method, routeOptions: { url: route } } = request
    if (problem.status === 500) log.error({ err: error, method, route }, 'a request failed')
    await reply.code(problem.status).headers(problem.headers).type(PROBLEM_TYPE).send(problemBody(problem))
  }

  app.removeAllContentTypeParsers()
  app.addContentTypeParser(CONTENT_TYPES, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.isPublic !== true) checkBearer(request.headers.authorization)
  })
  app.addHook('onResponse', async (request, reply) => {
    const labels = { method: request.method, route: request.routeOptions.url ?? 'unknown', status: reply.statusCode }
    metrics.httpSeconds.observe(labels, reply.elapsedTime / 1000)
  })
  app.setErrorHandler(answer)
  app.setNotFoundHandler(async (request) => {
    throw new HttpProblem('unknown_path', `there is no ${request.url.split('?')[0] ?? ''}`)
  })
  return app
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for what is answered without a token. */
    readonly isPublic?: boolean
  }
}

/** Answers what is not even HTTP, or too slow or too long for it: the framework never gets to see it. */
function answerBroken(code: string | undefined, socket: Socket): void {
  if (!socket.writable || code === 'ECONNRESET') return void socket.destroy()
  const problem = brokenBy(code)
  const body = JSON.stringify(problemBody(problem))
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\n`
    + `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
}

function brokenBy(code: string | undefined): HttpProblem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HttpProblem('headers_too_large', `headers may have ${HEADER_BYTES_MAX} bytes; send fewer or shorter ones`)
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpProblem('request_timeout', 'the request took too long to arrive; send it again')
    default:
      return new HttpProblem('bad_request', 'this is not HTTP')
  }
}

function listenError(cause: unknown, host: string, port: number): unknown {
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
    case 'EACCES':
      return new ColloquyError('port_taken', `Port ${port} of ${host} cannot be used for HTTP (${codeOf(cause)}). `
        + 'End what listens there, or choose another port with COLLOQUY_HTTP_PORT.', { cause })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ColloquyError('bad_http_host', `${host} is no address of this machine; check COLLOQUY_HTTP_HOST.`, { cause })
    default:
      return cause
  }
}

function urlOf(host: string, address: AddressInfo | string | null): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`
}
