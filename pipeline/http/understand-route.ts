import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { roleSchema } from '../../schemas/events.ts'
import { TOKEN } from '../../schemas/subjects.ts'
import type { Understand } from '../understanding/understand.ts'
import { understoodSchema } from '../understanding/understand-client.ts'
import { addRoute, type DescribedRoute } from './described-route.ts'
import { readJsonBody } from './json-body.ts'
import { HttpProblem, RETRY_AFTER } from './problems.ts'
import { requireAccess } from './request-access.ts'

/** Turns that a request may have; the last ones count. */
const TURNS_MAX = 100

const requestSchema = z.object({
  tenant: z.string().regex(TOKEN).meta({ description: 'Whose intents and entities are looked for' }),
  text: z.string().meta({ description: 'The message of a user' }),
  history: z
    .array(z.object({ role: roleSchema, text: z.string() }))
    .max(TURNS_MAX)
    .default([])
    .meta({ description: 'The turns before it, oldest first; the last ones count' }),
})
const EXAMPLE = { tenant: 'acme', text: '我要退货' }

export const UNDERSTAND_ROUTE = {
  method: 'POST',
  path: '/v1/understand',
  name: 'understand',
  may: 'read',
  tenantIn: 'body',
  summary: 'What a message of a user wants',
  description: 'Nothing is recorded.',
  body: { schema: requestSchema, example: EXAMPLE },
  answers: { 200: { description: 'Its act, its intents and why, its entities', schema: understoodSchema } },
  problems: ['bad_query', 'understanding_unavailable'],
} as const satisfies DescribedRoute

/** Adds `POST /v1/understand`, body `{tenant, text, history?: [{role, text}]}`: what a message of a user wants. */
export function addUnderstandRoute(app: FastifyInstance, understand: Understand): void {
  addRoute(app, UNDERSTAND_ROUTE, async ({ body, principal }) => {
    const { tenant, text, history } = readJsonBody(body, requestSchema, EXAMPLE)
    requireAccess(principal, 'read', { tenant })
    try {
      return await understand(tenant, { text: text.toWellFormed(), history })
    } catch (error) {
      const detail = `the message could not be understood now (${codeOf(error) ?? ''} ${messageOf(error)}); repeat the request`
      throw new HttpProblem('understanding_unavailable', detail, { headers: RETRY_AFTER, cause: error })
    }
  })
}
