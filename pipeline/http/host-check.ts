import { knownHosts } from './known-hosts.ts'
import { HttpProblem } from './problems.ts'

/**
 * Creates the check of a request's `Host` header: it must name this machine or one of the allowed hosts, with any port. Without the check
 * another web site could point its own name at this machine (DNS rebinding), and its page could act as the owner of this machine.
 *
 * The check throws HttpProblem 421 `bad_host`.
 *
 * @param allowed as of `knownHosts`.
 */
export function createHostCheck(allowed: readonly string[] = []): (header: string | undefined) => void {
  const known = new RegExp(knownHosts(allowed), 'i')
  return (header = '') => {
    if (known.test(header)) return
    throw new HttpProblem(
      'bad_host',
      `this server answers to localhost, 127.0.0.1 and [::1], not to "${header}"; `
        + 'use one of these, or add the name to COLLOQUY_ALLOWED_HOSTS',
    )
  }
}
