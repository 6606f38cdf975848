import type { FastifyInstance } from 'fastify'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { Search, SearchRequest } from '../search/hybrid-search.ts'
import { HttpProblem, RETRY_AFTER } from './problems.ts'

/** `GET /v1/search?tenant=&q=&mode=&in=&limit=…`: what was said or learned, by meaning and by word. Any field of `searchRequestSchema` is a parameter. */
export function addSearchRoute(app: FastifyInstance, search: Search): void {
  app.get<{ Querystring: SearchRequest }>('/v1/search', async ({ query }) => {
    try {
      return await search(query)
    } catch (error) {
      if (error instanceof ColloquyError && error.code === 'bad_query') throw new HttpProblem(400, error.code, error.message)
      throw new HttpProblem(503, 'search_unavailable', `the memory does not answer (${messageOf(error)}); ask again`, { headers: RETRY_AFTER, cause: error })
    }
  })
}
