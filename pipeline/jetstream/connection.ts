import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Publisher } from './publisher.ts'
import type { RequestMux } from './request-mux.ts'

/** One NATS connection with the clients that stages use over it. */
export interface JetStreamContext {
  readonly nc: NatsConnection
  readonly js: JetStreamClient
  readonly jsm: JetStreamManager
  readonly mux: RequestMux
  readonly publisher: Publisher
}
