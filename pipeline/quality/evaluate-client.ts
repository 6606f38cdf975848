import { z } from 'zod'
import { ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import type { EvaluationRequest } from '../../schemas/evaluation-request.ts'
import { parseJson } from '../../schemas/json.ts'
import { type Evaluation, evaluationSchema } from '../../schemas/quality.ts'

const TIMEOUT_MS = 30_000
const problemSchema = z.object({ code: z.string(), detail: z.string() })

/**
 * Asks a running Colloquy, through its HTTP interface, how good an answer is.
 *
 * @throws ColloquyError `evaluation_unavailable` where no server answers; an error with the code of the problem in the answer
 */
export async function evaluateRemotely(
  { url, token }: { readonly url: string; readonly token?: string | undefined },
  request: EvaluationRequest,
): Promise<Evaluation> {
  const text = await fetch(new URL('/v1/evaluate', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).then(
    (response) => response.text(),
    (cause: unknown) => {
      throw new ColloquyError('evaluation_unavailable', `no HTTP interface of Colloquy answers at ${url} (${messageOf(cause)})`, { cause })
    },
  )
  const answer = evaluationSchema.safeParse(parseJson(text))
  if (answer.success) return answer.data
  const problem = problemSchema.safeParse(parseJson(text))
  if (problem.success) throw new ForeignCodeError(problem.data.code, problem.data.detail)
  throw new ColloquyError('evaluation_unavailable', `the server at ${url} is not Colloquy, or of another version`)
}
