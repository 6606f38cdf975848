import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A port of loopback that leads to another one, until it is cut. */
export interface Proxy {
  readonly port: number
  /** Ends all connections; new ones are refused. */
  cut(): void
}

export async function startProxy(target: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => sockets.delete(from))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
