import type { FastifyInstance } from 'fastify'
import { hasCode, messageOf } from '../../schemas/errors.ts'
import type { Search } from '../search/search-answer.ts'
import { answerSchema } from '../search/search-client.ts'
import { type SearchRequest, searchRequestSchema } from '../search/search-request.ts'
import { addRoute, type DescribedRoute, type RouteTypes } from './described-route.ts'
import { ETAG_HEADERS, ifNoneMatch, NOT_MODIFIED, withEtag } from './entity-tag.ts'
import { HttpProblem, RETRY_AFTER } from './problems.ts'

export const SEARCH_ROUTE = {
  method: 'GET',
  path: '/v1/search',
  name: 'search',
  may: 'read',
  summary: 'Searches messages and knowledge by meaning and by word',
  query: searchRequestSchema,
  headers: ifNoneMatch,
  answers: { 200: { description: 'The hits, best first', schema: answerSchema, headers: ETAG_HEADERS }, 304: NOT_MODIFIED },
  problems: ['bad_query', 'index_filling', 'table_damaged', 'search_unavailable'],
} as const satisfies DescribedRoute

/**
 * Adds `GET /v1/search?tenant=&q=&mode=&in=&limit=…`: searches messages and knowledge by meaning and by word. Each field of
 * `searchRequestSchema` is a query parameter.
 */
export function addSearchRoute(app: FastifyInstance, search: Search): void {
  addRoute<RouteTypes & { Querystring: SearchRequest }>(app, SEARCH_ROUTE, async (request, reply) => {
    try {
      return withEtag(request, reply, await search(request.query))
    } catch (error) {
      if (hasCode(error, 'bad_query')) throw new HttpProblem('bad_query', messageOf(error))
      if (hasCode(error, 'embed_failed')) throw new HttpProblem('embed_failed', messageOf(error), { cause: error })
      if (hasCode(error, 'index_filling')) {
        throw new HttpProblem('index_filling', `${messageOf(error)}; repeat the request later`, unavailable(error))
      }
      if (hasCode(error, 'table_damaged')) throw new HttpProblem('table_damaged', messageOf(error), unavailable(error))
      const detail = `the search index does not answer (${messageOf(error)}); repeat the request`
      throw new HttpProblem('search_unavailable', detail, unavailable(error))
    }
  })
}

const unavailable = (cause: unknown) => ({ headers: RETRY_AFTER, cause })
