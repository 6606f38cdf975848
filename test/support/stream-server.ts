import { connectNats, openJetStream } from '../../infra/app/nats-access.ts'
import { startHttpServer } from '../../pipeline/http/http-server.ts'
import { createSessions } from '../../pipeline/http/session-cookie.ts'
import { createLogTail } from '../../pipeline/jetstream/log-tail.ts'
import { createDecisionFeed } from '../../pipeline/producer/decision-feed.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { silent } from './test-system.ts'

/** A process that serves streams only, for a test that kills it. Arguments: URL, user and password of NATS, port, partitions. */
const [url = '', user = '', pass = '', port = '0', partitions = '64'] = process.argv.slice(2)
const jetstream = await openJetStream(await connectNats({ servers: url, user, pass }, 'streams'))
const metrics = createMetrics()
const tail = createLogTail({ jetstream, metrics, log: silent })
const server = await startHttpServer({
  jetstream,
  tail,
  decisions: createDecisionFeed({ jetstream, tail, log: silent }),
  stages: new Map(),
  metrics,
  log: silent,
  host: '127.0.0.1',
  port: Number(port),
  partitionCount: Number(partitions),
  durability: { replicas: 1, fsync: '2m' },
  dispatchedSeq: async () => 0,
  projectedSeq: async () => 0,
  sessions: createSessions('the sessions of a test'),
  streamLimits: { tickMs: 100, heartbeatMs: 500 },
})
process.stdout.write(`${server.url}\n`)
