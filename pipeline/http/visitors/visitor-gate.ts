import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Address } from '../../../schemas/subjects.ts'
import { clientNetwork } from '../../access/client-network.ts'
import { createRateLimit } from '../../access/rate-limit.ts'
import { VISITOR_PREFIX, type VisitorTokens } from '../../access/visitor-tokens.ts'
import type { ChatKinds } from '../chat/chat-kinds.ts'
import type { DescribedRoute } from '../described-route.ts'
import { HttpProblem } from '../problems.ts'

/** Whom the pages of other sites may let in. */
export interface VisitorAccess {
  /** Of the pages with the widget, such as `https://shop.example`. None: there are no visitors. */
  readonly origins: readonly string[]
  /** Kinds that visitors may chat with. */
  readonly kinds: readonly string[]
  readonly tokens: VisitorTokens
}

/** Messages and other inputs of visitors in a minute: of one conversation, and of one address with all its conversations. */
export const VISITOR_INPUTS_MAX = 30
export const ADDRESS_INPUTS_MAX = 300
const WINDOW_MS = 60_000
/** How long a browser remembers what it may send, in seconds. */
const PREFLIGHT_SECONDS = 7_200

declare module 'fastify' {
  interface FastifyRequest {
    /** The conversation of the visitor who sends it; absent where somebody else does. */
    visitor?: Address
  }
}

/** Lets visitors in. */
export interface VisitorGate {
  /**
   * Looks at a request before anything else does.
   *
   * @returns `answered` where a browser only asked what it may send; `visitor` where the request is one of the visitor's own; else `other`
   * @throws HttpProblem 401 `bad_visitor_token`; 403 `widget_origin`, `not_for_visitors`; 429 `too_many_requests`
   */
  check(request: FastifyRequest, reply: FastifyReply): Promise<'answered' | 'visitor' | 'other'>
}

const bearerOf = (authorization = ''): string => /^bearer +(.+)$/i.exec(authorization)?.[1] ?? ''

/**
 * Creates the gate of a server.
 *
 * @param chat tells which kinds pass messages on; absent: none does
 * @param routes all of the server; they say what visitors may use
 */
export function createVisitorGate(
  { origins, tokens }: VisitorAccess,
  chat: ChatKinds | undefined,
  routes: readonly DescribedRoute[],
): VisitorGate {
  const inputs = createRateLimit({ max: VISITOR_INPUTS_MAX, windowMs: WINDOW_MS })
  const addressInputs = createRateLimit({ max: ADDRESS_INPUTS_MAX, windowMs: WINDOW_MS })
  const paths = new Map(routes.flatMap(({ path, visitors }) => (visitors === undefined ? [] : [[path, visitors] as const])))

  /** Tells a browser that the page may read the answer. @returns whether the request comes from a page of another site that may */
  const allowOrigin = ({ headers: { origin, host } }: FastifyRequest, reply: FastifyReply, access: 'start' | 'own'): boolean => {
    reply.header('vary', 'origin')
    // Any page may read why it cannot start a visit, so that its widget can say so.
    if (origin === undefined || !(access === 'start' || origins.includes(origin))) return false
    reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', 'retry-after')
    return !URL.canParse(origin) || new URL(origin).host !== host
  }
  const requireOwn = async (visitor: Address, request: FastifyRequest): Promise<void> => {
    const { params, query } = request as { params: Partial<Address>; query: { kind?: unknown } }
    const kind = params.kind ?? query.kind
    const isOwn = params.tenant === visitor.tenant && params.id === visitor.id
    if (isOwn && (kind === visitor.kind || (await isTarget(visitor, kind)))) return
    const { tenant, id } = visitor
    throw new HttpProblem('not_for_visitors', `this token is for the conversation ${id} of ${tenant} with kind=${visitor.kind} alone`)
  }
  /** A front passes messages on to actors of other kinds with its id. */
  const isTarget = async (visitor: Address, kind: unknown): Promise<boolean> => {
    const known = await chat?.all()
    return known?.get(visitor.kind)?.isFront === true && typeof kind === 'string' && known.has(kind)
  }

  return {
    async check(request, reply) {
      const access = paths.get(request.routeOptions.url ?? '')
      const isAbroad = access !== undefined && allowOrigin(request, reply, access)
      if (isAbroad && request.method === 'OPTIONS') {
        await reply
          .code(204)
          .header('access-control-allow-methods', 'GET, POST')
          .header('access-control-allow-headers', 'authorization, content-type, last-event-id')
          .header('access-control-max-age', PREFLIGHT_SECONDS)
          .send()
        return 'answered'
      }
      const token = bearerOf(request.headers.authorization)
      if (!token.startsWith(VISITOR_PREFIX)) {
        // What a server without a token lets its own machine do, a page of another site may not.
        if (isAbroad && access === 'own') throw badToken()
        return 'other'
      }
      const visitor = await tokens.read(token)
      if (visitor === undefined) throw badToken()
      const { origin } = request.headers
      if (origin !== undefined && !origins.includes(origin)) throw foreignOrigin(origin)
      if (access === undefined) throw new HttpProblem('not_for_visitors', `visitors may not use ${request.url.split('?')[0] ?? ''}`)
      request.visitor = visitor
      if (access === 'start') return 'visitor'
      await requireOwn(visitor, request)
      if (request.method === 'POST') {
        refuseBeyond(inputs.take(`${visitor.tenant}/${visitor.id}`), 'messages and other inputs')
        refuseBeyond(addressInputs.take(clientNetwork(request.ip)), 'messages and other inputs of this address')
      }
      return 'visitor'
    },
  }
}

/** @param seconds as of `RateLimit.take` @throws HttpProblem 429 `too_many_requests` */
export function refuseBeyond(seconds: number, what: string): void {
  if (seconds === 0) return
  throw new HttpProblem('too_many_requests', `too many ${what}; send the next one after ${seconds} s`, {
    headers: { 'retry-after': String(seconds) },
  })
}

/** The problem of a page that may not have visitors. */
export const foreignOrigin = (origin = ''): HttpProblem =>
  new HttpProblem(
    'widget_origin',
    `pages of ${JSON.stringify(origin)} may not have visitors here; add this origin to COLLOQUY_WIDGET_ORIGINS if they may`,
  )

const badToken = (): HttpProblem =>
  new HttpProblem('bad_visitor_token', "the visitor's token is missing, changed or expired; get a new one from POST /v1/visitors/<tenant>")
