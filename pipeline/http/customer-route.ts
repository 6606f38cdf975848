import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { factSchema, PROFILE_LIMITS } from '../../schemas/profile-events.ts'
import { TOKEN } from '../../schemas/subjects.ts'
import { type Conversation, CONVERSATIONS_MAX, conversationSchema, type ConversationsQuery } from '../profiles/customer-conversations.ts'
import type { Profile } from '../profiles/profiles-reader.ts'
import type { ConnectionWatch } from './connection-health.ts'
import { addRoute, type DescribedRoute, type RouteTypes } from './described-route.ts'
import { HttpProblem, tablesUnavailable } from './problems.ts'

/** Finds what is known of a customer. */
export interface Customers {
  /** @throws ColloquyError `other_customer_key`, `bad_customer_key` */
  profileOf(tenant: string, customer: string): Promise<Profile>
  conversationsOf(query: ConversationsQuery): Promise<Conversation[]>
}

const CONVERSATIONS_DEFAULT = 50

const paramsSchema = z.object({
  tenant: z.string().regex(TOKEN).meta({ description: 'Whose customer it is' }),
  customer: z.string().min(1).max(PROFILE_LIMITS.customerCharsMax).meta({ description: 'Id of the customer, as message.received has it' }),
})
const querySchema = z.strictObject({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(CONVERSATIONS_MAX)
    .default(CONVERSATIONS_DEFAULT)
    .meta({ description: 'Conversations of the page' }),
  before: z.coerce
    .number()
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .default(Number.MAX_SAFE_INTEGER)
    .meta({ description: '`next` of the page before' }),
})

const answerSchema = z.object({
  ...paramsSchema.shape,
  profile: z.object({ id: z.string().meta({ description: 'Id of the actor of the kind profile' }), facts: z.array(factSchema) }),
  conversations: z.array(conversationSchema).meta({ description: 'The latest first' }),
  next: z.int().nullable().meta({ description: '`before` of the next page; null where there is none' }),
})

export const CUSTOMER_ROUTE = {
  method: 'GET',
  path: '/v1/customers/:tenant/:customer',
  name: 'getCustomer',
  may: 'read',
  summary: 'What a customer said about himself, and all his conversations',
  description: 'A customer of whom nothing is known has no facts and no conversations: the answer does not tell whether there is one.',
  params: paramsSchema,
  query: querySchema,
  answers: { 200: { description: 'Profile and conversations', schema: answerSchema } },
  problems: [
    'bad_subject',
    'bad_query',
    'other_customer_key',
    'bad_customer_key',
    'tables_unavailable',
    'table_damaged',
    'nats_unavailable',
  ],
} as const satisfies DescribedRoute

export interface CustomerRouteDeps {
  readonly customers: Customers
  readonly connection: ConnectionWatch
}

/** Adds `GET /v1/customers/<tenant>/<customer>?limit=&before=`. */
export function addCustomerRoute(app: FastifyInstance, { customers, connection }: CustomerRouteDeps): void {
  addRoute<RouteTypes & { Params: unknown }>(app, CUSTOMER_ROUTE, async (request): Promise<z.output<typeof answerSchema>> => {
    const params = paramsSchema.safeParse(request.params, IN_WORDS)
    if (!params.success) throw new HttpProblem('bad_subject', zodProblem(params.error, ''))
    const query = querySchema.safeParse(request.query, IN_WORDS)
    if (!query.success) throw new HttpProblem('bad_query', zodProblem(query.error, ''))
    connection.requireConnection()
    const { tenant, customer } = params.data
    const { limit, before } = query.data
    const [profile, found] = await Promise.all([
      customers.profileOf(tenant, customer),
      customers.conversationsOf({ tenant, customer, before, limit: limit + 1 }).catch((error: unknown) => {
        throw tablesUnavailable(error)
      }),
    ])
    const conversations = found.slice(0, limit)
    return {
      tenant,
      customer,
      profile: { id: profile.id, facts: [...profile.facts] },
      conversations,
      next: found.length > limit ? (conversations.at(-1)?.lastSeq ?? null) : null,
    }
  })
}
