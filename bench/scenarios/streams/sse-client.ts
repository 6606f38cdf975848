import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A client of server-sent events that costs as little as possible: it tells each block as text, and when it came. */
export interface BareClient {
  stop(): void
}

/** Opens a stream, and settles when it has begun. @param onBlock gets each block, and its time in milliseconds since 1970 */
export async function openStream(base: URL, path: string, onBlock: (block: string, atMs: number) => void): Promise<BareClient> {
  const socket: Socket = connect({ host: base.hostname, port: Number(base.port) })
  await once(socket, 'connect')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${base.host}\r\n\r\n`)
  const { promise: begun, resolve, reject } = Promise.withResolvers<void>()
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('error', reject)
  socket.on('close', () => reject(new Error(`the stream ${path} was closed before it began: ${rest.slice(0, 500)}`)))
  socket.on('data', (text: string) => {
    const atMs = performance.timeOrigin + performance.now()
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      if (block.includes('event: ')) onBlock(block, atMs)
      else if (/^id: /m.test(block)) resolve()
    }
  })
  await begun
  return { stop: () => socket.destroy() }
}
