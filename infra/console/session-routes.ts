import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { createBearerTest, unauthorized } from '../../pipeline/http/bearer-token.ts'
import { readJsonBody } from '../../pipeline/http/json-body.ts'
import { requireSameOrigin, type Sessions, signerSchema } from '../../pipeline/http/session-cookie.ts'

export const SESSION_PATH = '/console/session'
const BODY_BYTES_MAX = 4_096

/** Who uses the console. */
export interface SessionState {
  /** False: there is no token, and everybody on this machine may do everything. */
  readonly isProtected: boolean
  /** `null`: nobody is signed in. */
  readonly by: string | null
}

const sessionBody = z.strictObject({ by: signerSchema, token: z.string().max(1_024).default('') })

/** Adds the routes that tell, start and end the session of a browser. They need no token; a start brings it. */
export function addSessionRoutes(app: FastifyInstance, sessions: Sessions, token: string | undefined): void {
  const isRight = createBearerTest(token)
  const isProtected = token !== undefined
  const isPublic = { config: { isPublic: true } }
  app.get(SESSION_PATH, isPublic, async (request): Promise<SessionState> => ({ isProtected, by: sessions.of(request)?.by ?? null }))
  app.post<{ Body: Buffer | undefined }>(
    SESSION_PATH,
    { ...isPublic, bodyLimit: BODY_BYTES_MAX },
    async (request, reply): Promise<SessionState> => {
      requireSameOrigin(request)
      const { by, token: given } = readJsonBody(request.body, sessionBody, { by: 'Li', token: '…' })
      if (!isRight(`Bearer ${given}`)) throw unauthorized()
      void reply.header('set-cookie', sessions.start(by, request.headers.origin?.startsWith('https:') === true))
      return { isProtected, by }
    },
  )
  app.delete(SESSION_PATH, isPublic, async (request, reply): Promise<SessionState> => {
    requireSameOrigin(request)
    void reply.header('set-cookie', sessions.end)
    return { isProtected, by: null }
  })
}
