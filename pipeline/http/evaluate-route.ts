import type { FastifyInstance } from 'fastify'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { evaluationRequestSchema } from '../../schemas/evaluation-request.ts'
import { parseJson } from '../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import type { Evaluate } from '../quality/evaluator.ts'
import { HttpProblem, RETRY_AFTER } from './problems.ts'

const EXAMPLE = '{"query": "退货要几天？", "response": "14 天内可以退货。", "context": ["收到商品 14 天内可以退货。"]}'

/**
 * Adds `POST /v1/evaluate`, body `{query, response, context?: [text], lang?}`: the quality of an answer. `/v1/evaluate-quality` is the
 * same. Nothing is recorded.
 */
export function addEvaluateRoute(app: FastifyInstance, evaluate: Evaluate): void {
  for (const path of ['/v1/evaluate', '/v1/evaluate-quality']) {
    app.post<{ Body: Buffer | undefined }>(path, async ({ body }) => {
      const value = body === undefined ? undefined : parseJson(body.toString('utf8'))
      if (value === undefined) throw new HttpProblem('bad_query', `the body must be JSON, such as ${EXAMPLE}`)
      const request = evaluationRequestSchema.safeParse(value, IN_WORDS)
      if (!request.success) throw new HttpProblem('bad_query', zodProblem(request.error, ''))
      const { query, response, context, lang } = request.data
      try {
        return await evaluate({
          query: query.toWellFormed(),
          response: response.toWellFormed(),
          context: context.map((text) => text.toWellFormed()),
          lang,
        })
      } catch (error) {
        const detail = `the answer could not be evaluated (${codeOf(error) ?? ''} ${messageOf(error)}); repeat the request`
        throw new HttpProblem('evaluation_unavailable', detail, { headers: RETRY_AFTER, cause: error })
      }
    })
  }
}
