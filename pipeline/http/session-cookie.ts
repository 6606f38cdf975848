import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { parseJson } from '../../schemas/json.ts'
import { HttpProblem } from './problems.ts'

/** Characters of the name under which somebody signs in. */
export const SIGNER_CHARS_MAX = 64
/** A session ends this long after its start, whatever happens in it. */
export const SESSION_MS = 12 * 3_600_000
const COOKIE = 'colloquy_session'
/** A session of the longest name, and more. */
const COOKIE_CHARS_MAX = 1_024
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

export const signerSchema = z.string().trim().min(1).max(SIGNER_CHARS_MAX)
const sessionSchema = z.object({ by: signerSchema, until: z.int(), key: z.string().optional() })

/** Who uses the console, until when (ms since 1970), and the id of the key by which they signed in; absent: by the token. */
export type Session = z.output<typeof sessionSchema>

/** What is read of a request. */
export interface SessionRequest {
  readonly method: string
  readonly headers: { readonly cookie?: string | undefined; readonly origin?: string | undefined; readonly host?: string | undefined }
}

/** Sessions of browsers. A session is in its signed cookie and nowhere else, so that there is nothing to store or to fill up. */
export interface Sessions {
  /** The value of `Set-Cookie` that starts a session. @param secure whether the browser came by HTTPS */
  start(who: Pick<Session, 'by' | 'key'>, secure: boolean): string
  /** The value of `Set-Cookie` that ends it in this browser. */
  readonly end: string
  /** The session of a request; `undefined` where its cookie is absent, changed, expired, or of another token. */
  of(request: SessionRequest): Session | undefined
}

/**
 * Creates the sessions of a secret: their key is derived from it, so that all processes that have it know them, and another one ends them
 * all.
 */
export function createSessions(secret: string | Uint8Array, now: () => number = Date.now): Sessions {
  const key = createHmac('sha256', secret).update('colloquy session 1').digest()
  const sign = (text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const cookie = (value: string, seconds: number): string => `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}`
  return {
    start(who, secure) {
      const session: Session = { ...who, until: now() + SESSION_MS }
      const text = Buffer.from(JSON.stringify(session)).toString('base64url')
      const value = `${text}.${sign(text).toString('base64url')}`
      return `${cookie(value, SESSION_MS / 1_000)}${secure ? '; Secure' : ''}`
    },
    end: cookie('', 0),
    of({ headers }) {
      const [text = '', given = ''] = cookieOf(headers.cookie).split('.')
      const signature = Buffer.from(given, 'base64url')
      const wanted = sign(text)
      if (signature.length !== wanted.length || !timingSafeEqual(signature, wanted)) return undefined
      const session = sessionSchema.safeParse(parseJson(Buffer.from(text, 'base64url').toString('utf8'))).data
      return session !== undefined && session.until > now() ? session : undefined
    },
  }
}

function cookieOf(header = ''): string {
  const found = header.split(';').find((one) => one.trim().startsWith(`${COOKIE}=`))
  const value = found?.trim().slice(COOKIE.length + 1) ?? ''
  return value.length > COOKIE_CHARS_MAX ? '' : value
}

/**
 * Refuses a request that changes something and does not come from a page of this server. Browsers send a cookie with requests of other
 * sites too, where they do not know `SameSite`.
 *
 * @throws HttpProblem 403 `bad_origin`
 */
export function requireSameOrigin({ method, headers: { origin, host = '' } }: SessionRequest): void {
  if (SAFE_METHODS.includes(method)) return
  if (origin !== undefined && URL.canParse(origin) && new URL(origin).host.toLowerCase() === host.toLowerCase()) return
  throw new HttpProblem('bad_origin', `the header Origin is ${origin ?? 'absent'}, but only pages of ${host} may change something here`)
}
