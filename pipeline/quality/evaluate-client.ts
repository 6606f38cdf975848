import type { EvaluationRequest } from '../../schemas/evaluation-request.ts'
import { type Evaluation, evaluationSchema } from '../../schemas/quality.ts'
import { type HttpServer, postJson } from '../runtime/post-json.ts'

const TIMEOUT_MS = 30_000

/**
 * Asks a running Colloquy, through its HTTP interface, how good an answer is.
 *
 * @throws ColloquyError `evaluation_unavailable` where no server answers; an error with the code of the problem in the answer
 */
export const evaluateRemotely = (server: HttpServer, request: EvaluationRequest): Promise<Evaluation> =>
  postJson(server, {
    path: '/v1/evaluate',
    body: request,
    answer: evaluationSchema,
    unavailable: 'evaluation_unavailable',
    timeoutMs: TIMEOUT_MS,
  })
