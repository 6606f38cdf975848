import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { clientNetwork } from '../../pipeline/access/client-network.ts'
import { KEY_CHARS_MAX } from '../../pipeline/access/key-tokens.ts'
import { createRateLimit } from '../../pipeline/access/rate-limit.ts'
import { readJsonBody } from '../../pipeline/http/json-body.ts'
import { type RequestAccess, requireAdministrator, unauthorized } from '../../pipeline/http/request-access.ts'
import { requireSameOrigin, signerSchema } from '../../pipeline/http/session-cookie.ts'
import { refuseBeyond } from '../../pipeline/http/visitors/visitor-gate.ts'

export const SESSION_PATH = '/console/session'
const BODY_BYTES_MAX = 4_096
/** Wrong tokens of one address in a minute; then no token of it is looked at until the minute is over. */
export const WRONG_TOKENS_MAX = 10
const WINDOW_MS = 60_000

/** Who uses the console. */
export interface SessionState {
  /** False: there is neither a token nor a key, and everybody on this machine may do everything. */
  readonly isProtected: boolean
  /** `null`: nobody is signed in. */
  readonly by: string | null
}

const sessionBody = z.strictObject({ by: signerSchema, token: z.string().max(KEY_CHARS_MAX).default('') })

/**
 * Adds the routes that tell, start and end the session of a browser. They need no key; a start brings it: the token, or a key of an
 * administrator.
 */
export function addSessionRoutes(app: FastifyInstance, access: RequestAccess): void {
  const { sessions } = access
  const wrong = createRateLimit({ max: WRONG_TOKENS_MAX, windowMs: WINDOW_MS })
  const isPublic = { config: { isPublic: true } }
  app.get(SESSION_PATH, isPublic, async (request): Promise<SessionState> => ({
    isProtected: !access.isOpen,
    by: sessions.of(request)?.by ?? null,
  }))
  app.post<{ Body: Buffer | undefined }>(
    SESSION_PATH,
    { ...isPublic, bodyLimit: BODY_BYTES_MAX },
    async (request, reply): Promise<SessionState> => {
      requireSameOrigin(request)
      const { by, token: given } = readJsonBody(request.body, sessionBody, { by: 'Li', token: '…' })
      const network = clientNetwork(request.ip)
      refuseBeyond(wrong.waitOf(network), 'wrong tokens from this address')
      const holder = access.isOpen ? undefined : await access.holderOf(given)
      if (holder === undefined && !access.isOpen) {
        wrong.take(network)
        throw unauthorized()
      }
      if (holder !== undefined) requireAdministrator(holder)
      const key = holder?.isKey === true ? holder.id : undefined
      void reply.header('set-cookie', sessions.start({ by, key }, request.headers.origin?.startsWith('https:') === true))
      return { isProtected: !access.isOpen, by }
    },
  )
  app.delete(SESSION_PATH, isPublic, async (request, reply): Promise<SessionState> => {
    requireSameOrigin(request)
    void reply.header('set-cookie', sessions.end)
    return { isProtected: !access.isOpen, by: null }
  })
}
