import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP proxy to a server. `cut()` breaks its connections and refuses new ones until `mend()`. */
export interface NetworkLink {
  readonly port: number
  cut(): void
  mend(): void
  stop(): Promise<void>
}

export async function startLink(target: { readonly host: string; readonly port: number }): Promise<NetworkLink> {
  const sockets = new Set<Socket>()
  let isCut = false
  const track = (socket: Socket): Socket => {
    sockets.add(socket)
    return socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    track(client)
    if (isCut) return void client.destroy()
    const upstream = track(connect(target))
    // If one side of a connection breaks, the proxy breaks the other side too.
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
    }
    client.pipe(upstream).pipe(client)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const cut = (): void => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut,
    mend: () => {
      isCut = false
    },
    async stop() {
      cut()
      await once(server.close(), 'close')
    },
  }
}
