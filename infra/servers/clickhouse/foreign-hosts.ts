interface Letters {
  readonly next: Map<string, Letters>
  isName: boolean
}

/**
 * A regular expression that matches every `Host` header except these names, with any port, and IP addresses. It spells the names letter by
 * letter, because ClickHouse's expressions (RE2) cannot negate. Against DNS rebinding, IP addresses need no check: only a name can be
 * pointed at another address.
 */
export function foreignHosts(names: readonly string[]): string {
  const root: Letters = { next: new Map(), isName: false }
  for (const name of names) {
    let at = root
    for (const letter of name.toLowerCase()) {
      const next = at.next.get(letter) ?? { next: new Map(), isName: false }
      at.next.set(letter, next)
      at = next
    }
    at.isName = true
  }
  return `(?i)^(${otherThan(root, [...'0123456789['])}|[0-9][0-9.]*[^0-9.:].*)$`
}

/** Matches what follows a letter in a header that is none of the names. @param elsewhere letters that another expression matches */
function otherThan({ next, isName }: Letters, elsewhere: readonly string[] = []): string {
  const letters = [...next.keys(), ...elsewhere].map(quoted)
  return `(${[
    ...(isName ? [] : ['(:.*)?']),
    ...[...next].map(([letter, rest]) => quoted(letter) + otherThan(rest)),
    `[^:${letters.join('')}].*`,
  ].join('|')})`
}

const quoted = (text: string): string => text.replaceAll(/[.[\]-]/g, '\\$&')
