import { BlockList, isIP } from 'node:net'
import { ColloquyError } from '../../schemas/errors.ts'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  const family = isIP(host)
  return family !== 0 && loopback.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

/**
 * Refuses to serve other machines where everybody could do everything.
 *
 * @param isOpen whether there is neither a token nor a key
 * @throws ColloquyError `http_unprotected` if `host` is not a loopback address
 */
export function checkProtection(host: string, isOpen: boolean): void {
  if (!isOpen || isLoopback(host)) return
  throw new ColloquyError(
    'http_unprotected',
    `COLLOQUY_HTTP_HOST is ${host}, which other machines can reach, and there is no key; issue one with "colloquy key issue --admin", `
      + 'or set COLLOQUY_HTTP_TOKEN (16 characters or more), or COLLOQUY_HTTP_HOST=127.0.0.1',
  )
}
