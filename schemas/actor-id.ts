import { hash } from 'node:crypto'
import { TOKEN } from './subjects.ts'

const DERIVED_CHARS = 22
const DERIVED = new RegExp(`--[A-Za-z0-9_-]{${DERIVED_CHARS}}$`)
const READABLE_CHARS_MAX = 64

/**
 * The id of the actor of a thing that people name, such as a source. A name that is a valid token is the id itself. Any other name, and a
 * token that looks like a derived id, becomes the readable end of the name, `--` and a hash, so that no two names share an actor.
 */
export function actorIdOf(name: string): string {
  if (TOKEN.test(name) && !DERIVED.test(name)) return name
  const readable = name
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .slice(-READABLE_CHARS_MAX)
    .replaceAll(/^-+|-+$/g, '')
  return `${readable}--${hash('sha256', name, 'base64url').slice(0, DERIVED_CHARS)}`
}
