import { registeredKinds } from '../../infra/app/kind-registry.ts'
import { dispatchedSeq } from '../../pipeline/dispatcher/dispatched-seq.ts'
import { type HttpServerOptions, startHttpServer } from '../../pipeline/http/http-server.ts'
import { createSessions } from '../../pipeline/http/session-cookie.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import { createLogTail } from '../../pipeline/jetstream/log-tail.ts'
import { createAdvise } from '../../pipeline/producer/advise.ts'
import { createDecisionFeed } from '../../pipeline/producer/decision-feed.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { silent, startSystem, type System, type SystemOptions } from './test-system.ts'
import { toyKind } from './toy-kind.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

export interface HttpClient {
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
  get(path: string, init?: RequestInit): Promise<Answer>
}

/** A system without tables, with an HTTP server of the test's own before it. */
export interface HttpSystem extends HttpClient {
  readonly system: System
  stopHttp(): Promise<void>
  stop(): Promise<void>
}

/** The options of an HTTP server on a system's stages, on a free loopback port; there are no tables to wait for. */
export function httpOptions({ running }: System, more: Partial<HttpServerOptions> = {}): HttpServerOptions {
  const { jetstream, kv, stages, settings } = running
  const checkpoints = createCheckpoints(kv, 'dispatch')
  const metrics = createMetrics()
  const tail = createLogTail({ jetstream, metrics, log: silent })
  return {
    jetstream,
    decisions: createDecisionFeed({ jetstream, tail, log: silent }),
    stages,
    tail,
    metrics,
    log: silent,
    host: '127.0.0.1',
    port: 0,
    partitionCount: settings.PARTITIONS,
    durability: { replicas: 1, fsync: '2m' },
    dispatchedSeq: (partition) => dispatchedSeq(undefined, checkpoints, partition),
    projectedSeq: async () => 0,
    sessions: createSessions('the sessions of a test'),
    advise: createAdvise({ kinds: running.kinds, registeredKinds: async () => (await registeredKinds(kv)).keys(), log: silent }),
    ...more,
  }
}

export async function startHttpSystem(settings: SystemOptions['settings'] = {}): Promise<HttpSystem> {
  await using started = new AsyncDisposableStack()
  const system = await startSystem({ kinds: [toyKind], settings: { ROLES: 'host,dispatch,tasks', ...settings } })
  started.defer(() => system.stop())
  const server = await startHttpServer(httpOptions(system))
  started.defer(() => server.stop())
  const stopping = started.move()
  return { system, ...clientOf(server.url), stopHttp: server.stop, stop: () => stopping.disposeAsync() }
}

export function clientOf(url: string): HttpClient {
  const get = (path: string, init?: RequestInit): Promise<Answer> => answerOf(`${url}${path}`, init)
  return {
    get,
    post: (path, body, headers) =>
      get(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
      }),
  }
}

async function answerOf(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init)
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return { status: response.status, headers: response.headers, body: isJson ? (JSON.parse(text) as Answer['body']) : { text } }
}
