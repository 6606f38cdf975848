import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Below the ports that systems give to outgoing connections, which could take a port between its choice and its use. */
const [PORT_MIN, PORT_MAX] = [20_000, 32_000]
const ATTEMPTS_MAX = 1_000

/** Distinct ports on loopback on which no process listens at the moment. @throws Error if it finds too few */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  const held: Server[] = []
  for (let attempt = 0; ports.length < count; attempt += 1) {
    if (attempt === ATTEMPTS_MAX) throw new Error(`no ${count} free ports between ${PORT_MIN} and ${PORT_MAX}`)
    const port = randomInt(PORT_MIN, PORT_MAX)
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    ports.push(port)
    held.push(server)
  }
  await Promise.all(held.map((server) => once(server.close(), 'close')))
  return ports
}
