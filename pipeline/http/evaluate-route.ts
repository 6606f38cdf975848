import type { FastifyInstance } from 'fastify'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { evaluationRequestSchema } from '../../schemas/evaluation-request.ts'
import { evaluationSchema } from '../../schemas/quality.ts'
import type { Evaluate } from '../quality/evaluator.ts'
import { addRoute, type DescribedRoute } from './described-route.ts'
import { readJsonBody } from './json-body.ts'
import { HttpProblem, RETRY_AFTER } from './problems.ts'

const EXAMPLE = { query: '退货要几天？', response: '14 天内可以退货。', context: ['收到商品 14 天内可以退货。'] }

const described = (path: string, name: string) =>
  ({
    method: 'POST',
    path,
    name,
    may: 'read',
    tenantIn: 'nowhere',
    summary: 'The quality of an answer',
    description: 'Nothing is recorded. `/v1/evaluate-quality` is the same as `/v1/evaluate`.',
    body: { schema: evaluationRequestSchema, example: EXAMPLE },
    answers: { 200: { description: 'The scores, and what lowered them', schema: evaluationSchema } },
    problems: ['bad_query', 'evaluation_unavailable'],
  }) as const satisfies DescribedRoute

export const EVALUATE_ROUTES = [described('/v1/evaluate', 'evaluate'), described('/v1/evaluate-quality', 'evaluateQuality')] as const

/**
 * Adds `POST /v1/evaluate`, body `{query, response, context?: [text], lang?}`: the quality of an answer. `/v1/evaluate-quality` is the
 * same. Nothing is recorded.
 */
export function addEvaluateRoute(app: FastifyInstance, evaluate: Evaluate): void {
  for (const route of EVALUATE_ROUTES) {
    addRoute(app, route, async ({ body }) => {
      const { query, response, context, lang } = readJsonBody(body, evaluationRequestSchema, EXAMPLE)
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
