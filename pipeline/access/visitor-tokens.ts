import { errors, jwtVerify, SignJWT } from 'jose'
import { type Address, TOKEN } from '../../schemas/subjects.ts'

/** A token is good for this long; a client renews it before. */
export const VISITOR_TOKEN_MS = 24 * 3_600_000
/** What a visitor's token begins with, so that it is never taken for another one. */
export const VISITOR_PREFIX = 'visitor.'
/** The longest address has about 650 characters in a token. */
const TOKEN_CHARS_MAX = 1_024
const ISSUER = 'colloquy'
const AUDIENCE = 'visitor'
const ALGORITHM = 'HS256'

export interface IssuedToken {
  readonly token: string
  /** ISO. */
  readonly expiresAt: string
}

/** Tokens of visitors: each lets its bearer write to one conversation and read it. They are stored nowhere. */
export interface VisitorTokens {
  issue(conversation: Address): Promise<IssuedToken>
  /** The conversation of a token; `undefined` where it is changed, expired, too long, signed otherwise, or of another system. */
  read(token: string): Promise<Address | undefined>
}

/** @param key at least 32 bytes, which all processes share that issue and read */
export function createVisitorTokens(key: Uint8Array, now: () => number = Date.now): VisitorTokens {
  return {
    async issue({ tenant, kind, id }) {
      const startMs = now()
      const endSeconds = Math.floor((startMs + VISITOR_TOKEN_MS) / 1_000)
      const jwt = await new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject([tenant, kind, id].join('/'))
        .setIssuedAt(Math.floor(startMs / 1_000))
        .setExpirationTime(endSeconds)
        .sign(key)
      return { token: `${VISITOR_PREFIX}${jwt}`, expiresAt: new Date(endSeconds * 1_000).toISOString() }
    },
    async read(token) {
      if (!token.startsWith(VISITOR_PREFIX) || token.length > TOKEN_CHARS_MAX) return undefined
      const subject = await subjectOf(token.slice(VISITOR_PREFIX.length))
      const [tenant = '', kind = '', id = ''] = subject?.split('/') ?? []
      return [tenant, kind, id].every((part) => TOKEN.test(part)) ? { tenant, kind, id } : undefined
    },
  }

  async function subjectOf(jwt: string): Promise<string | undefined> {
    try {
      const { payload } = await jwtVerify(jwt, key, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'exp'],
        currentDate: new Date(now()),
      })
      return payload.sub
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }
}
