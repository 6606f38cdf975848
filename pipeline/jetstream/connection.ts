import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Publisher } from './publisher.ts'
import type { RequestMux } from './request-mux.ts'

/** One connection to NATS with the views of it that stages use. */
export interface JetStreamContext {
  readonly nc: NatsConnection
  readonly js: JetStreamClient
  readonly jsm: JetStreamManager
  readonly mux: RequestMux
  readonly publisher: Publisher
}
