import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { ALL_TENANTS, type Right } from '../../schemas/access-keys.ts'
import type { KnownKeys } from '../access/known-keys.ts'
import { administrator, denialOf, LOCAL, type Place, type Principal, principalOf } from '../access/principal.ts'
import { HttpProblem, RETRY_AFTER } from './problems.ts'
import { requireSameOrigin, type Sessions } from './session-cookie.ts'

/** The tenant of a route whose request names none. */
const TENANT_DEFAULT = 'default'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends it; absent where a visitor of a web site does, or where anybody may. */
    principal?: Principal
  }
  interface FastifyContextConfig {
    /** What a request needs. Absent: the rights of the administrator of the installation. */
    readonly may?: Right | undefined
    readonly tenantIn?: TenantIn | undefined
  }
}

/** Where a request names its tenant. `body`: the route asks by `requireAccess` itself. `nowhere`: its answer is of no tenant. */
export type TenantIn = 'path' | 'body' | 'nowhere'

/** Tells who sends requests. */
export interface RequestAccess {
  readonly sessions: Sessions
  /** Whether everybody on this machine may do everything: there is neither a token nor a key. */
  readonly isOpen: boolean
  /**
   * Who has a key or the token; `undefined` where it is neither.
   *
   * @throws HttpProblem 503 `keys_unavailable`
   */
  holderOf(secret: string): Promise<Principal | undefined>
  /** As `holderOf`, of a header `Authorization`. */
  bearerOf(authorization: string | undefined): Promise<Principal | undefined>
  /**
   * Who sends a request: by its header `Authorization`, or the session of a browser.
   *
   * @throws HttpProblem 401 `unauthorized`; 403 `bad_origin`; 503 `keys_unavailable`
   */
  senderOf(request: FastifyRequest): Promise<Principal>
  /** Calls back once when a principal's key ends. @returns stops it */
  onEnd(principal: Principal, ended: () => void): () => void
}

const TOKEN_HOLDER = administrator('COLLOQUY_HTTP_TOKEN')

/**
 * Creates the access of a server.
 *
 * @param token of `COLLOQUY_HTTP_TOKEN`; it counts as a key of the administrator
 * @param keys absent: there are none
 */
export function createRequestAccess(token: string | undefined, keys: KnownKeys | undefined, sessions: Sessions): RequestAccess {
  const isToken = createTokenTest(token)
  const holderOf = async (secret: string): Promise<Principal | undefined> => {
    if (isToken(secret)) return TOKEN_HOLDER
    const found = (await keys?.check(secret)) ?? { is: 'bad' }
    if (found.is === 'unknown') {
      throw new HttpProblem('keys_unavailable', 'keys cannot be checked now, and this one is not known here; repeat the request later', {
        headers: RETRY_AFTER,
      })
    }
    return found.is === 'good' ? principalOf(found.key) : undefined
  }
  const access: RequestAccess = {
    sessions,
    get isOpen() {
      return token === undefined && (keys?.areNone ?? true)
    },
    holderOf,
    async bearerOf(authorization = '') {
      const [, given] = /^bearer +(.+)$/i.exec(authorization) ?? []
      return given === undefined ? undefined : holderOf(given)
    },
    async senderOf(request) {
      if (access.isOpen) return LOCAL
      const bearer = await access.bearerOf(request.headers.authorization)
      if (bearer !== undefined) return bearer
      const session = sessions.of(request)
      if (session === undefined) throw unauthorized()
      requireSameOrigin(request)
      if (session.key === undefined) return TOKEN_HOLDER
      const key = keys?.find(session.key)
      if (key === undefined) throw unauthorized()
      return principalOf(key)
    },
    onEnd: ({ id }, ended) => keys?.onEnd(id, ended) ?? (() => undefined),
  }
  return access
}

/** @throws HttpProblem 403 `key_may_not`; 404 `not_for_this_key` */
export function requireAccess(principal: Principal | undefined, right: Right, at: Place): void {
  const denial = principal && denialOf(principal, right, at)
  if (denial !== undefined) throw new HttpProblem(denial.code, denial.detail)
}

/** @throws HttpProblem 403 `key_may_not` */
export function requireAdministrator({ tenant, may }: Principal): void {
  if (tenant === ALL_TENANTS && may.has('admin')) return
  throw new HttpProblem('key_may_not', 'this needs a key of the administrator, of "colloquy key issue --admin"')
}

/**
 * Checks what a request needs, before anything of it is read.
 *
 * @throws HttpProblem as `requireAccess`
 */
export function requireRouteAccess(principal: Principal, { is404, routeOptions, params, query }: FastifyRequest): void {
  const { may, tenantIn = 'path' } = routeOptions.config
  if (is404) return
  if (may === undefined) return requireAdministrator(principal)
  const named = { ...textsOf(query), ...textsOf(params) }
  const { tenant = TENANT_DEFAULT, kind } = tenantIn === 'path' ? named : { tenant: principal.tenant }
  requireAccess(principal, may, { tenant, kind })
}

function textsOf(named: unknown): { tenant?: string; kind?: string } {
  const { tenant, kind } = (named ?? {}) as Record<string, unknown>
  return { ...(typeof tenant === 'string' && { tenant }), ...(typeof kind === 'string' && { kind }) }
}

/** Compares in constant time. Without a token nothing is it. */
function createTokenTest(token: string | undefined): (text: string) => boolean {
  if (token === undefined) return () => false
  // timingSafeEqual needs inputs of equal length, so it compares digests.
  const wanted = digest(token)
  return (text) => timingSafeEqual(digest(text), wanted)
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** The problem of a request without a key or the token. */
export const unauthorized = (): HttpProblem =>
  new HttpProblem(
    'unauthorized',
    'send the header "Authorization: Bearer <key>" with a key of "colloquy key issue", or COLLOQUY_HTTP_TOKEN',
    { headers: { 'www-authenticate': 'Bearer realm="colloquy"' } },
  )
