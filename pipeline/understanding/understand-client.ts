import { z } from 'zod'
import type { UnderstandingQuery, Understood } from '../../actors/definition/task-understanding.ts'
import { actSchema } from '../../schemas/dialogue-acts.ts'
import { ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'

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
const problemSchema = z.object({ code: z.string(), detail: z.string() })

export interface UnderstandServer {
  /** Base URL of the HTTP interface. */
  readonly url: string
  readonly token?: string | undefined
}

/**
 * Asks a running Colloquy, through its HTTP interface, what a message wants.
 *
 * @throws ColloquyError `understanding_unavailable` where no server answers; an error with the code of the problem in the answer
 */
export async function understandRemotely(
  { url, token }: UnderstandServer,
  query: UnderstandingQuery & { readonly tenant: string },
): Promise<Understood> {
  const text = await fetch(new URL('/v1/understand', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(query),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).then(
    (response) => response.text(),
    (cause: unknown) => {
      throw new ColloquyError('understanding_unavailable', `no HTTP interface of Colloquy answers at ${url} (${messageOf(cause)})`, {
        cause,
      })
    },
  )
  const answer = understoodSchema.safeParse(parseJson(text))
  if (answer.success) return answer.data
  const problem = problemSchema.safeParse(parseJson(text))
  if (problem.success) throw new ForeignCodeError(problem.data.code, problem.data.detail)
  throw new ColloquyError('understanding_unavailable', `the server at ${url} is not Colloquy, or of another version`)
}
