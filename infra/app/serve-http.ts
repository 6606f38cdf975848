import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { ACCESS_FOLDER, accessKey } from '../../pipeline/access/access-key.ts'
import { knowKeys } from '../../pipeline/access/known-keys.ts'
import { createVisitorTokens } from '../../pipeline/access/visitor-tokens.ts'
import { dispatchedSeq } from '../../pipeline/dispatcher/dispatched-seq.ts'
import type { ChatKinds } from '../../pipeline/http/chat/chat-kinds.ts'
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../pipeline/http/http-server.ts'
import { tablesUnavailable } from '../../pipeline/http/problems.ts'
import { createSessions } from '../../pipeline/http/session-cookie.ts'
import type { VisitorAccess } from '../../pipeline/http/visitors/visitor-gate.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import type { LogTail } from '../../pipeline/jetstream/log-tail.ts'
import type { Advise } from '../../pipeline/producer/advise.ts'
import type { DecisionFeed } from '../../pipeline/producer/decision-feed.ts'
import type { Durability } from '../../pipeline/producer/receipt.ts'
import { customerConversations } from '../../pipeline/profiles/customer-conversations.ts'
import { readProfile } from '../../pipeline/profiles/profiles-reader.ts'
import { projectedSeq } from '../../pipeline/projector/progress-mark.ts'
import type { Evaluate } from '../../pipeline/quality/evaluator.ts'
import type { Metrics, MetricsSnapshot } from '../../pipeline/runtime/metrics.ts'
import type { Stage } from '../../pipeline/runtime/stage.ts'
import type { Search } from '../../pipeline/search/search-answer.ts'
import { createServiceTimesReader } from '../../pipeline/task-queues/measured-runs.ts'
import { createQueuePlaces } from '../../pipeline/task-queues/queue-places.ts'
import type { Understand } from '../../pipeline/understanding/understand.ts'
import type { Role, Settings } from '../settings.ts'
import { customerKeys } from './customer-access.ts'
import { openFilesMax, streamsMaxOf } from './streams-max.ts'

export interface ServeDeps {
  readonly settings: Settings
  readonly jetstream: JetStreamContext
  readonly decisions: DecisionFeed
  readonly tail: LogTail
  readonly positions: HttpServerOptions['positions']
  readonly kv: KV
  /** Throws while ClickHouse is waited for. */
  readonly client: () => ClickHouseClient
  readonly stages: ReadonlyMap<Role, Stage>
  readonly search: Search
  readonly understand: Understand
  readonly evaluate: Evaluate
  readonly chat: ChatKinds
  readonly durability: Durability
  readonly advise: Advise
  readonly metrics: Metrics
  /** Metrics of stages that run in other threads of this process. */
  readonly otherMetrics: () => Promise<MetricsSnapshot[]>
  readonly log: Logger
  readonly checks?: HttpServerOptions['checks']
  readonly addRoutes?: HttpServerOptions['addRoutes']
}

/** Starts the HTTP interface with the host, port and token of the settings. @throws ColloquyError as `startHttpServer` does. */
export async function serveHttp({ settings, kv, client, stages, ...deps }: ServeDeps): Promise<HttpServer> {
  const customers = customerKeys(settings, kv)
  const keys = await knowKeys(deps.jetstream, deps.log)
  // Without a token the processes of a data folder share the secret of sessions.
  const secret = settings.HTTP_TOKEN ?? (await accessKey(join(settings.DATA_DIR, ACCESS_FOLDER), 'sessions'))
  const checkpoints = createCheckpoints(kv, 'dispatch')
  const server = await startHttpServer({
    ...deps,
    stages,
    partitionCount: settings.PARTITIONS,
    customers: {
      profileOf: (tenant, customer) => readProfile(deps.jetstream, customers, tenant, customer),
      conversationsOf: async (query) => customerConversations(client(), query),
    },
    queuePlaces: createQueuePlaces(deps.jetstream, createServiceTimesReader(kv)),
    host: settings.HTTP_HOST,
    port: settings.HTTP_PORT,
    token: settings.HTTP_TOKEN,
    keys,
    sessions: createSessions(secret),
    allowedHosts: settings.ALLOWED_HOSTS,
    trustedProxies: settings.TRUSTED_PROXIES,
    visitors: await visitorAccess(settings),
    streamLimits: { streamsMax: streamsMaxOf(settings.STREAMS_MAX, await openFilesMax(), deps.log) },
    dispatchedSeq: (partition) => dispatchedSeq(stages.get('dispatch'), checkpoints, partition),
    projectedSeq: async () => {
      try {
        return await projectedSeq(client())
      } catch (error) {
        throw tablesUnavailable(error)
      }
    },
  }).catch(async (error: unknown) => {
    await keys.stop()
    throw error
  })
  return {
    url: server.url,
    async stop() {
      await server.stop()
      await keys.stop()
    },
  }
}

/** The key is made where there may be visitors only. Without them no token is ever read as good. */
async function visitorAccess({ WIDGET_ORIGINS: origins, WIDGET_KINDS: kinds, DATA_DIR }: Settings): Promise<VisitorAccess> {
  const key = origins.length === 0 ? randomBytes(32) : await accessKey(join(DATA_DIR, ACCESS_FOLDER), 'visitors')
  return { origins, kinds, tokens: createVisitorTokens(key) }
}
