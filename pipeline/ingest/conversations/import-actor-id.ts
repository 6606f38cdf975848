import { TOKEN } from '../../../schemas/subjects.ts'

const ENCODED = 'b64-'

/**
 * The actor's id for the id of a conversation. One that is a token stays as it is; any other becomes `b64-` and the base64url of
 * its UTF-8 bytes, and so does one that begins with `b64-`, so that no two ids become the same. `undefined` where it
 * would be longer than a token may be: 93 bytes are the most.
 */
export function actorIdOf(id: string): string | undefined {
  if (TOKEN.test(id) && !id.startsWith(ENCODED)) return id
  const token = `${ENCODED}${Buffer.from(id).toString('base64url')}`
  return id !== '' && id.isWellFormed() && TOKEN.test(token) ? token : undefined
}

/** The id that `actorIdOf` made this of. */
export const conversationIdOf = (actorId: string): string =>
  actorId.startsWith(ENCODED) ? Buffer.from(actorId.slice(ENCODED.length), 'base64url').toString() : actorId
