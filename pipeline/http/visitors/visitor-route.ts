import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { TOKEN } from '../../../schemas/subjects.ts'
import { clientNetwork } from '../../access/client-network.ts'
import { createRateLimit } from '../../access/rate-limit.ts'
import type { ChatKinds } from '../chat/chat-kinds.ts'
import { chatAddress } from '../chat/chat-route.ts'
import { addRoute, type DescribedRoute, type RouteTypes } from '../described-route.ts'
import { readJsonBody } from '../json-body.ts'
import { HttpProblem } from '../problems.ts'
import { addressParams } from '../route-address.ts'
import { foreignOrigin, refuseBeyond, type VisitorAccess } from './visitor-gate.ts'

/** Tokens that an address may get in an hour, new and renewed ones. A company's visitors may all have one address. */
export const VISITOR_TOKENS_MAX = 120
const WINDOW_MS = 3_600_000
const ID_BYTES = 18

const paramsSchema = addressParams.pick({ tenant: true })
const bodySchema = z.strictObject({
  kind: z
    .string()
    .regex(TOKEN)
    .optional()
    .meta({ description: 'One of COLLOQUY_WIDGET_KINDS. Default: front where the tenant has routes, else support' }),
})
const EXAMPLE = { kind: 'support' }

export const VISITOR_ROUTE = {
  method: 'POST',
  path: '/v1/visitors/:tenant',
  name: 'startVisit',
  may: 'publish',
  summary: 'Gives a visitor of a web site a token for one conversation',
  description: 'For pages of COLLOQUY_WIDGET_ORIGINS. With a good token as bearer, the answer has a new one for its conversation.',
  params: paramsSchema,
  headers: z.object({ origin: z.string().meta({ description: 'Set by browsers: the site of the page' }) }),
  body: { schema: bodySchema, example: EXAMPLE, bytesMax: 4_096 },
  answers: {
    200: {
      description: 'The token',
      schema: z.object({
        token: z.string().meta({ description: 'Lets its bearer write to this conversation and read it' }),
        expiresAt: z.iso.datetime(),
        conversation: addressParams,
      }),
    },
  },
  problems: ['bad_subject', 'bad_query', 'unknown_model', 'widget_off'],
  visitors: 'start',
} as const satisfies DescribedRoute

/** Adds `POST /v1/visitors/<tenant>`. */
export function addVisitorRoute(app: FastifyInstance, { origins, kinds, tokens }: VisitorAccess, chat: ChatKinds): void {
  const limit = createRateLimit({ max: VISITOR_TOKENS_MAX, windowMs: WINDOW_MS })
  addRoute<RouteTypes & { Params: { tenant: string } }>(app, VISITOR_ROUTE, async ({ params, body, headers: { origin }, ip, visitor }) => {
    const { kind } = readJsonBody(body, bodySchema, EXAMPLE)
    if (origins.length === 0) {
      throw new HttpProblem(
        'widget_off',
        'there are no visitors here: COLLOQUY_WIDGET_ORIGINS is not set; it names the sites with the widget',
      )
    }
    if (origin === undefined || !origins.includes(origin)) throw foreignOrigin(origin)
    refuseBeyond(limit.take(clientNetwork(ip)), 'tokens for this address')
    if (visitor !== undefined && visitor.tenant !== params.tenant) {
      throw new HttpProblem('not_for_visitors', `this token is of the tenant ${visitor.tenant}, and cannot be renewed for another`)
    }
    const id = `web-${randomBytes(ID_BYTES).toString('base64url')}`
    const conversation = visitor ?? (await chatAddress({ kinds: chat }, { ...params, id }, { kind, param: 'kind' }))
    if (!kinds.includes(conversation.kind)) {
      throw new HttpProblem('not_for_visitors', `visitors may not chat with ${conversation.kind}; see COLLOQUY_WIDGET_KINDS`)
    }
    return { ...(await tokens.issue(conversation)), conversation }
  })
}
