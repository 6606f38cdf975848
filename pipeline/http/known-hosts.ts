/**
 * A regular expression for the `Host` headers that name this machine: localhost, 127.x.x.x, [::1] and the allowed names, with any port.
 * Compare without regard to case. Both Node and ClickHouse (RE2) can read it.
 *
 * Against DNS rebinding: another site can point its own name at this machine, but its requests then name that site. `0.0.0.0` also reaches
 * this machine from some browsers, so it is not in the list.
 *
 * @param allowed further host names or IPv4 addresses, without a port.
 */
export const knownHosts = (allowed: readonly string[] = []): string =>
  `^(localhost|127(\\.[0-9]{1,3}){1,3}|\\[::1\\]${allowed.map((name) => `|${name.replaceAll('.', '\\.')}`).join('')})(:[0-9]*)?$`
