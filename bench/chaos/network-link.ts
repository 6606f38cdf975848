import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way to a server that can be cut: connections break, and new ones are refused until it is mended. */
export interface Link {
  readonly port: number
  cut(): void
  mend(): void
  stop(): Promise<void>
}

export async function startLink(target: { readonly host: string; readonly port: number }): Promise<Link> {
  const sockets = new Set<Socket>()
  let isCut = false
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    return socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    keep(client)
    if (isCut) return void client.destroy()
    const beyond = keep(connect(target))
    // What breaks on one side breaks on the other; who uses the link is told by that.
    for (const [one, other] of [[client, beyond], [beyond, client]] as const) one.on('error', () => other.destroy()).on('close', () => other.destroy())
    client.pipe(beyond).pipe(client)
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
    mend: () => { isCut = false },
    async stop() {
      cut()
      await once(server.close(), 'close')
    },
  }
}
