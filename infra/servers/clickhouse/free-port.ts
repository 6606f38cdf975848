import { once } from 'node:events'
import { createServer } from 'node:net'

/** Returns the port if nothing listens on it (else throws EADDRINUSE), or a free one for 0. */
export async function freePort(host: string, port = 0): Promise<number> {
  const probe = createServer()
  await once(probe.listen(port, host), 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address !== null ? address.port : port
}
