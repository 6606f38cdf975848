import { z } from 'zod'
import type { UnderstandingQuery, Understood } from '../../actors/definition/task-understanding.ts'
import { actSchema } from '../../schemas/dialogue-acts.ts'
import { type HttpServer, postJson } from '../runtime/post-json.ts'

const TIMEOUT_MS = 10_000

const because = z.array(z.string())
/** The answer of `POST /v1/understand`. */
export const understoodSchema = z.object({
  act: z.object({ name: actSchema, confidence: z.number(), because }),
  intents: z.array(z.object({ name: z.string(), confidence: z.number(), because })),
  outOfScope: z.boolean(),
  entities: z.array(z.object({ name: z.string(), value: z.string(), text: z.string(), start: z.int(), end: z.int() })),
  topic: z.string().nullable(),
  route: z.string().nullable().optional(),
  lang: z.string().nullable(),
  version: z.string(),
  by: z.string().optional(),
})
/**
 * Asks a running Colloquy, through its HTTP interface, what a message wants.
 *
 * @throws ColloquyError `understanding_unavailable` where no server answers; an error with the code of the problem in the answer
 */
export const understandRemotely = (server: HttpServer, query: UnderstandingQuery & { readonly tenant: string }): Promise<Understood> =>
  postJson(server, {
    path: '/v1/understand',
    body: query,
    answer: understoodSchema,
    unavailable: 'understanding_unavailable',
    timeoutMs: TIMEOUT_MS,
  })
