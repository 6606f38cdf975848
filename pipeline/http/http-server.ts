import { type AddressInfo, isIPv6, type Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { ALL_TENANTS } from '../../schemas/access-keys.ts'
import { codeOf, ColloquyError } from '../../schemas/errors.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { KnownKeys } from '../access/known-keys.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import type { LogTail } from '../jetstream/log-tail.ts'
import type { Advise } from '../producer/advise.ts'
import type { Durability } from '../producer/receipt.ts'
import { createWaitFor, type WaitDeps } from '../producer/wait-for.ts'
import type { Evaluate } from '../quality/evaluator.ts'
import { createFairPlaces, type FairPlaces } from '../runtime/fair-places.ts'
import type { Metrics, MetricsSnapshot } from '../runtime/metrics.ts'
import type { Stage } from '../runtime/stage.ts'
import type { Search } from '../search/search-answer.ts'
import { createActorFeed } from '../streams/actor-feed.ts'
import type { QueuePlaces } from '../task-queues/queue-places.ts'
import type { Understand } from '../understanding/understand.ts'
import { addActorRoute } from './actor-route.ts'
import { decodedBody } from './body-encoding.ts'
import type { ChatKinds } from './chat/chat-kinds.ts'
import { addChatRoutes } from './chat/chat-routes.ts'
import { type Health, watchConnection } from './connection-health.ts'
import { boundConnections, type ConnectionPlaces } from './connection-places.ts'
import { addCustomerRoute, type Customers } from './customer-route.ts'
import { DESCRIBED_ROUTES } from './described-routes.ts'
import { addEvaluateRoute } from './evaluate-route.ts'
import { addHealthRoutes } from './health-routes.ts'
import { createHostCheck } from './host-check.ts'
import { addInputRoute, createTakeInputs, type TakeInputs, WAIT_MS_MAX } from './input-route.ts'
import { checkProtection } from './listen-protection.ts'
import { openApiDocument } from './openapi/openapi-document.ts'
import { addOpenApiRoute } from './openapi/openapi-route.ts'
import { asProblem, HttpProblem, PROBLEM_TYPE, problemBody, RETRY_AFTER } from './problems.ts'
import { answerRaw } from './raw-answer.ts'
import type { RecordPositions } from './record-positions.ts'
import { createRequestAccess, type RequestAccess, requireRouteAccess } from './request-access.ts'
import { addSearchRoute } from './search-route.ts'
import type { Sessions } from './session-cookie.ts'
import { createStageLags } from './stage-lags.ts'
import { createOutlets, type StreamLimits } from './stream/outlets.ts'
import { createSocketAccess } from './stream/socket-access.ts'
import { addSocketRoute, isSocketRequest } from './stream/socket-route.ts'
import { addStreamRoute } from './stream/sse-route.ts'
import { addTypingRoute } from './typing-route.ts'
import { addUnderstandRoute } from './understand-route.ts'
import { createVisitorGate, type VisitorAccess } from './visitors/visitor-gate.ts'
import { addVisitorRoute } from './visitors/visitor-route.ts'
import { addWidgetRoutes } from './widget/widget-route.ts'

export interface HttpServerOptions extends WaitDeps {
  readonly jetstream: JetStreamContext
  /** The stages of this process, for `/readyz` and the lags. */
  readonly stages: ReadonlyMap<string, Stage>
  /** More parts of this system, by name, for `/readyz`. */
  readonly checks?: Readonly<Record<string, () => Health>>
  readonly metrics: Metrics
  /** Metrics of stages that run in other threads of this process. */
  readonly otherMetrics?: () => Promise<MetricsSnapshot[]>
  readonly log: Logger
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Counts as a key of the administrator. Without it and without keys, `host` must be a loopback address. */
  readonly token?: string | undefined
  /** Absent: there are none. */
  readonly keys?: KnownKeys | undefined
  readonly sessions: Sessions
  /** Host names that requests may name besides this machine's, while there is neither a token nor a key. */
  readonly allowedHosts?: readonly string[]
  readonly limits?: Partial<HttpLimits>
  readonly streamLimits?: Partial<StreamLimits>
  /** Without it, the route `/v1/search` does not exist. */
  readonly search?: Search
  /** Without it, the route `/v1/understand` does not exist. */
  readonly understand?: Understand
  /** Without it, the route `/v1/evaluate` does not exist. */
  readonly evaluate?: Evaluate
  /** Without it, the route `/v1/customers` does not exist. */
  readonly customers?: Customers
  /** Without it, the routes `/v1/chat` and `/v1/models` do not exist. */
  readonly chat?: ChatKinds
  /** Without it, or without `chat`, the route `/v1/visitors` does not exist, and no token of a visitor is accepted. */
  readonly visitors?: VisitorAccess
  /** Addresses and networks of proxies whose `X-Forwarded-For` says whose a request is. Default: none. */
  readonly trustedProxies?: readonly string[]
  /** The guarantee of an acknowledgement; part of the response to a producer. */
  readonly durability: Durability
  /** The reader of LOG, for streams of events. */
  readonly tail: LogTail
  /** Where numbered records are in LOG. Absent: each is searched for. */
  readonly positions?: RecordPositions | undefined
  /** Where runs are in the queues of their tasks. Absent: the state of an actor has no places. */
  readonly queuePlaces?: QueuePlaces | undefined
  /** Tells what a producer should know about its input. Default: nothing. */
  readonly advise?: Advise
  /** Adds hooks and routes before those of the interface, which may take inputs as it does. Its hooks run for all routes. */
  readonly addRoutes?: (app: FastifyInstance, takeInputs: TakeInputs, access: RequestAccess) => void
}

export interface HttpServer {
  readonly url: string
  /** Stops accepting requests, answers those in progress, and closes connections after five seconds. May be called again. */
  stop(): Promise<void>
}

/** Bounds of what clients may use of the server. */
export interface HttpLimits {
  /** Default 1,024. A client (an address) gets at most three quarters of them. */
  readonly connectionsMax: number
  /** Bytes of all bodies that arrive or wait at one time; default 64 MiB. A client gets at most three quarters of them. */
  readonly bodyBytesMax: number
  /** Time for the headers of a request to arrive; default 10,000. */
  readonly headersTimeoutMs: number
  /** Time for a whole request to arrive; default 30,000. */
  readonly requestTimeoutMs: number
  /** How often the two times are checked: a connection is cut off at most this much later. Default 500. */
  readonly timeoutCheckMs: number
}

const LIMITS_DEFAULT: HttpLimits = {
  connectionsMax: 1_024,
  bodyBytesMax: 64 * 1024 ** 2,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  timeoutCheckMs: 500,
}
const HEADER_BYTES_MAX = 16 * 1024
/**
 * Longer than a valid tenant, kind or id, so that one that is too long gets a 400 that says so, not a 404; and long enough for the id of a
 * customer in percent encoding, nine characters for each of Chinese.
 */
const ADDRESS_TOKEN_CHARS_MAX = 2_560
/** In the binary mode of CloudEvents, the data may have a JSON type of their own. */
const JSON_TYPES = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i
const KEEP_ALIVE_MS = 10_000
/** Idle time of a connection. Longer than the longest wait for an input, during which the connection is idle. */
const IDLE_MS_MAX = WAIT_MS_MAX + 15_000
const STOP_MS_MAX = 5_000
/** Connections that the system keeps until they are accepted; a burst of more than that waits a second for its turn. */
const BACKLOG = 4_096

/**
 * Starts the HTTP interface.
 *
 * @throws ColloquyError `http_unprotected` if `host` is reachable from other machines and there is neither a token nor a key;
 * `port_taken`; `bad_http_host`.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { jetstream, host, port, log, metrics, stages } = options
  const requestAccess = createRequestAccess(options.token, options.keys, options.sessions)
  checkProtection(host, requestAccess.isOpen)
  const now = (): string => new Date().toISOString()
  const connection = watchConnection(jetstream.nc, now)
  const closing = new AbortController()

  const { app, connections, bodies, checkHost } = createApp(options, requestAccess)
  const refuseOtherMethods = trackMethods(app)
  const inputs = {
    publisher: jetstream.publisher,
    connection,
    waitFor: createWaitFor(options),
    closing: closing.signal,
    durability: options.durability,
    advise: options.advise ?? (() => Promise.resolve(undefined)),
  }
  const takeInputs = createTakeInputs(inputs)
  options.addRoutes?.(app, takeInputs, requestAccess)
  addInputRoute(app, takeInputs)
  const outlets = createOutlets(metrics, options.streamLimits)
  const { leave: leavePlaces } = connections
  const feed = createActorFeed({ jetstream, tail: options.tail, log })
  if (options.chat !== undefined) {
    const { partitionCount, chat: kinds, visitors } = options
    addChatRoutes(app, { ...inputs, jetstream, feed, outlets, leavePlaces, log, partitionCount, kinds })
    if (visitors !== undefined) addVisitorRoute(app, visitors, kinds)
    addWidgetRoutes(app)
  }
  const { partitionCount, positions, queuePlaces } = options
  addActorRoute(app, { jetstream, partitionCount, connection, positions, queuePlaces, log })
  if (options.customers !== undefined) addCustomerRoute(app, { customers: options.customers, connection })
  addStreamRoute(app, { feed, outlets, leavePlaces })
  const access = createSocketAccess({ requestAccess, checkHost, allowedHosts: options.allowedHosts })
  addSocketRoute(app, { feed, outlets, takeInputs, access, bodies, leavePlaces })
  addTypingRoute(app, jetstream.nc, connection)
  if (options.search !== undefined) addSearchRoute(app, options.search)
  if (options.understand !== undefined) addUnderstandRoute(app, options.understand)
  if (options.evaluate !== undefined) addEvaluateRoute(app, options.evaluate)
  const refreshLags = createStageLags({ jetstream, stages, metrics, log, now: Date.now })
  addHealthRoutes(app, {
    stages,
    checks: options.checks ?? {},
    connection,
    metrics,
    otherMetrics: options.otherMetrics,
    refreshLags,
    startedAt: now(),
    maySeeDetails: async ({ headers }) => {
      const holder = requestAccess.isOpen ? undefined : await requestAccess.bearerOf(headers.authorization)
      return requestAccess.isOpen || holder?.tenant === ALL_TENANTS
    },
  })
  addOpenApiRoute(app, openApiDocument(DESCRIBED_ROUTES))
  refuseOtherMethods()
  const stop = async (): Promise<void> => {
    connection.stop()
    closing.abort()
    feed.stop()
    outlets.close()
    const timeout = setTimeout(() => app.server.closeAllConnections(), STOP_MS_MAX)
    await app.close()
    clearTimeout(timeout)
  }
  try {
    await app.listen({ host, port, backlog: BACKLOG })
  } catch (error) {
    await stop()
    throw listenError(error, host, port)
  }
  return { url: urlOf(host, app.server.address()), stop }
}

function createApp(options: HttpServerOptions, requestAccess: RequestAccess): App {
  const { log, metrics, allowedHosts, limits, visitors, chat, trustedProxies = [] } = options
  const bounds = { ...LIMITS_DEFAULT, ...limits }
  const app = Fastify({
    bodyLimit: LIMITS.inputBytesMax,
    requestTimeout: bounds.requestTimeoutMs,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    connectionTimeout: IDLE_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: bounds.headersTimeoutMs,
      // Node's own default of 30 s would cut a body off after up to twice its time.
      connectionsCheckingInterval: bounds.timeoutCheckMs,
      shouldUpgradeCallback: isSocketRequest,
    },
    routerOptions: { maxParamLength: ADDRESS_TOKEN_CHARS_MAX },
    frameworkErrors: (error, request, reply) => void answer(error, request, reply),
    clientErrorHandler: (error, socket) => answerUnparsed(codeOf(error), socket),
  })
  const connections = boundConnections(app.server, {
    connectionsMax: bounds.connectionsMax,
    refuse: (socket) => answerRaw(NO_PLACE, socket),
  })
  const bodies = createFairPlaces(bounds.bodyBytesMax)
  const isKnownHost = createHostCheck(allowedHosts)
  const checkHost = (host: string | undefined): void => {
    if (requestAccess.isOpen) isKnownHost(host)
  }
  const answer = async (error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const problem = asProblem(error, request.routeOptions.bodyLimit)
    const {
      method,
      routeOptions: { url: route },
    } = request
    if (problem.status === 500) log.error({ err: error, method, route }, 'a request failed')
    const { type, body } = request.routeOptions.config?.problemForm ?? { type: PROBLEM_TYPE, body: problemBody }
    await reply.code(problem.status).headers(problem.headers).type(type).send(body(problem))
  }

  const gate = visitors && createVisitorGate(visitors, chat, DESCRIBED_ROUTES)

  app.decorateRequest('visitor')
  app.decorateRequest('principal')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(JSON_TYPES, { parseAs: 'buffer' }, (request: FastifyRequest, body: Buffer) =>
    decodedBody(request.headers['content-encoding'], body, request.routeOptions.bodyLimit),
  )
  app.addHook('onRequest', async (request, reply) => {
    checkHost(request.headers.host)
    const came = (await gate?.check(request, reply)) ?? 'other'
    if (came === 'answered') return reply
    if (request.routeOptions.config.isPublic === true) return
    const mayStart = request.routeOptions.config.visitors === 'start'
    if (came === 'other' && !mayStart) {
      const principal = await requestAccess.senderOf(request)
      request.principal = principal
      requireRouteAccess(principal, request)
      if (request.routeOptions.config.isStream === true) {
        reply.raw.once(
          'close',
          requestAccess.onEnd(principal, () => request.raw.destroy()),
        )
      }
    }
    if (request.routeOptions.config.isStream === true) return
    if (!connections.hasPlace(request.socket)) throw request.method === 'POST' ? NO_PLACE_TO_STORE : NO_PLACE
    const bytes = bodyBytesOf(request)
    if (bytes === 0) return
    if (!bodies.acquire(request.ip, bytes)) throw NO_PLACE_TO_STORE
    reply.raw.once('close', () => bodies.release(request.ip, bytes))
  })
  app.addHook('onResponse', async (request, reply) => {
    const labels = { method: request.method, route: request.routeOptions.url ?? 'unknown', status: reply.statusCode }
    metrics.httpSeconds.observe(labels, reply.elapsedTime / 1000)
  })
  app.setErrorHandler(answer)
  app.setNotFoundHandler(async (request) => {
    throw new HttpProblem('unknown_path', `there is no ${request.url.split('?')[0] ?? ''}`)
  })
  return { app, connections, bodies, checkHost }
}

interface App {
  readonly app: FastifyInstance
  readonly connections: ConnectionPlaces
  /** Bytes of bodies, by client address. */
  readonly bodies: FairPlaces
  /** Only while there is neither a token nor a key. */
  readonly checkHost: (header: string | undefined) => void
}

/** The problem of a request for which the server has no place. */
const noPlace = (effect = ''): HttpProblem =>
  new HttpProblem('overloaded', `too many connections or bodies are open${effect}; repeat the request later`, {
    headers: { ...RETRY_AFTER, connection: 'close' },
  })
/** The problem of an input. */
const NO_PLACE_TO_STORE = noPlace(', and nothing was stored')
const NO_PLACE = noPlace()

/** Bytes of a body that may arrive: its length, at most the limit. A body without a length, or with an encoding, is taken for that long. */
function bodyBytesOf({ headers, routeOptions: { bodyLimit } }: FastifyRequest): number {
  const isPlain = headers['transfer-encoding'] === undefined && headers['content-encoding'] === undefined
  const length = isPlain ? Number(headers['content-length'] ?? 0) : Infinity
  return Math.min(length, bodyLimit)
}

/**
 * Records the methods of every path that is added from now on. Call the returned function after the last route: it adds a 405 response for
 * all other methods.
 */
function trackMethods(app: FastifyInstance): () => void {
  const allowed = new Map<string, string[]>()
  app.addHook('onRoute', ({ url, method }) => {
    allowed.set(url, [...(allowed.get(url) ?? []), ...[method].flat()])
  })
  return () => {
    for (const [url, methods] of [...allowed]) {
      const allow = methods.join(', ')
      const refuse = async (): Promise<never> => {
        throw new HttpProblem('method_not_allowed', `${url} allows only ${allow}`, { headers: { allow } })
      }
      const method = app.supportedMethods.filter((supported) => !methods.includes(supported))
      // Refused before the body is read, so that a bad body still gets 405.
      app.route({ url, method, onRequest: refuse, handler: refuse })
    }
  }
}

/** Answers a request that Node's HTTP parser refuses, and closes the connection. Such a request never reaches Fastify. */
function answerUnparsed(code: string | undefined, socket: Socket): void {
  if (!socket.writable || code === 'ECONNRESET') return void socket.destroy()
  answerRaw(parserProblem(code), socket)
}

function parserProblem(code: string | undefined): HttpProblem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HttpProblem('headers_too_large', `the URL and the headers are too large; send at most ${HEADER_BYTES_MAX} bytes`)
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpProblem('request_timeout', 'the request took too long to arrive; send it again')
    default:
      return new HttpProblem('bad_request', 'the request is not valid HTTP')
  }
}

function listenError(cause: unknown, host: string, port: number): unknown {
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
    case 'EACCES':
      return new ColloquyError(
        'port_taken',
        `cannot listen for HTTP on port ${port} of ${host} (${codeOf(cause)}); `
          + 'stop the process that listens there, or set COLLOQUY_HTTP_PORT to another port',
        { cause },
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ColloquyError('bad_http_host', `${host} is not an address of this machine; check COLLOQUY_HTTP_HOST`, { cause })
    default:
      return cause
  }
}

function urlOf(host: string, address: AddressInfo | string | null): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`
}
