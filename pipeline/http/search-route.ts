import type { FastifyInstance } from 'fastify'
import { hasCode, messageOf } from '../../schemas/errors.ts'
import type { Search, SearchRequest } from '../search/hybrid-search.ts'
import { HttpProblem, RETRY_AFTER } from './problems.ts'

/** `GET /v1/search?tenant=&q=&mode=&in=&limit=…`: what was said or learned, by meaning and by word. Any field of `searchRequestSchema` is a parameter. */
export function addSearchRoute(app: FastifyInstance, search: Search): void {
  app.get<{ Querystring: SearchRequest }>('/v1/search', async ({ query }) => {
    try {
      return await search(query)
    } catch (error) {
      if (hasCode(error, 'bad_query')) throw new HttpProblem('bad_query', messageOf(error))
      throw new HttpProblem('search_unavailable', `the memory does not answer (${messageOf(error)}); ask again`, { headers: RETRY_AFTER, cause: error })
    }
  })
}
