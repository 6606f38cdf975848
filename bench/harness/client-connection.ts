import { AuthorizationError, connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'

/**
 * Connects as producers do: without credentials. A server that refuses that gets the credentials of `connection`.
 *
 * @param connection the connection of Colloquy's own processes
 */
export async function connectAsClient(connection: NodeConnectionOptions): Promise<NatsConnection> {
  const { user: _user, pass: _pass, token: _token, authenticator: _authenticator, ...open } = connection
  try {
    return await connect(open)
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error
    return await connect(connection)
  }
}
