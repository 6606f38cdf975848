import { isIP } from 'node:net'
import { HttpProblem } from '../../pipeline/http/problems.ts'

/**
 * Refuses a request whose host name is not this machine's. Without the check another web site could point its own name at this machine
 * (DNS rebinding), and its page could act as the owner of this machine.
 *
 * @throws HttpProblem 421
 */
export function checkHost(header: string | undefined): void {
  const name = URL.canParse(`http://${header}`) ? new URL(`http://${header}`).hostname : ''
  const address = name.replace(/^\[|\]$/g, '')
  if (name === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))) return
  throw new HttpProblem('bad_host', 'this is "colloquy dev", which answers on localhost, 127.0.0.1 and [::1] only')
}
