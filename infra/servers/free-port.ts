import { once } from 'node:events'
import { createServer } from 'node:net'

/** Returns the port if nothing listens on it at 127.0.0.1 (else throws EADDRINUSE), or a free one for 0. */
export async function freePort(port = 0): Promise<number> {
  const probe = createServer()
  await once(probe.listen(port, '127.0.0.1'), 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address !== null ? address.port : port
}
