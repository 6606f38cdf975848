import { isIP } from 'node:net'
import { HttpProblem } from './problems.ts'

/**
 * Creates the check of a request's `Host` header: it must name this machine or one of the allowed hosts, with any port. Without the check
 * another web site could point its own name at this machine (DNS rebinding), and its page could act as the owner of this machine.
 *
 * The check throws HttpProblem 421 `bad_host`.
 *
 * @param allowed further host names or addresses, without a port.
 */
export function createHostCheck(allowed: readonly string[] = []): (header: string | undefined) => void {
  const known = new Set(allowed.map(withoutBrackets))
  return (header) => {
    const name = header !== undefined && URL.canParse(`http://${header}`) ? new URL(`http://${header}`).hostname : ''
    const address = withoutBrackets(name)
    if (address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.')) || known.has(address)) return
    throw new HttpProblem(
      'bad_host',
      `this server answers to localhost, 127.0.0.1 and [::1], not to "${name}"; `
        + 'use one of these, or add the name to COLLOQUY_ALLOWED_HOSTS',
    )
  }
}

const withoutBrackets = (name: string): string => name.toLowerCase().replace(/^\[|\]$/g, '')
