import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { roleSchema } from '../../schemas/events.ts'
import { TOKEN } from '../../schemas/subjects.ts'
import type { Understand } from '../understanding/understand.ts'
import { readJsonBody } from './json-body.ts'
import { HttpProblem, RETRY_AFTER } from './problems.ts'

/** Turns that a request may have; the last ones count. */
const TURNS_MAX = 100

const requestSchema = z.object({
  tenant: z.string().regex(TOKEN),
  text: z.string(),
  history: z
    .array(z.object({ role: roleSchema, text: z.string() }))
    .max(TURNS_MAX)
    .default([]),
})

/** Adds `POST /v1/understand`, body `{tenant, text, history?: [{role, text}]}`: what a message of a user wants. */
export function addUnderstandRoute(app: FastifyInstance, understand: Understand): void {
  app.post<{ Body: Buffer | undefined }>('/v1/understand', async ({ body }) => {
    const { tenant, text, history } = readJsonBody(body, requestSchema, '{"tenant": "acme", "text": "我要退货"}')
    try {
      return await understand(tenant, { text: text.toWellFormed(), history })
    } catch (error) {
      const detail = `the message could not be understood now (${codeOf(error) ?? ''} ${messageOf(error)}); repeat the request`
      throw new HttpProblem('understanding_unavailable', detail, { headers: RETRY_AFTER, cause: error })
    }
  })
}
