import { z } from 'zod'
import { answerSchema } from './search-answer.ts'
import type { Search, SearchAnswer, SearchRequest } from './hybrid-search.ts'
import { ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'

export type { Search, SearchAnswer, SearchHit, SearchRequest } from './hybrid-search.ts'

export interface SearchClientOptions {
  /** Of the HTTP interface, such as `http://127.0.0.1:8080`. */
  readonly url: string
  /** That of COLLOQUY_HTTP_TOKEN, where it has one. */
  readonly token?: string | undefined
  /** For one question; default 10,000. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000

const problemSchema = z.object({ code: z.string(), detail: z.string() })

/**
 * Searches what was said and learned, over the HTTP interface of a Colloquy that runs.
 *
 *     const search = createSearchClient({ url: 'http://127.0.0.1:8080' })
 *     const { hits } = await search({ tenant: 'acme', q: 'where is my order', in: 'messages' })
 *
 * What is returned throws ColloquyError: `search_unreachable`, or the code of the problem that was answered, such as `bad_query`.
 */
export function createSearchClient({ url, token, timeoutMs = TIMEOUT_MS }: SearchClientOptions): Search {
  return async (request: SearchRequest): Promise<SearchAnswer> => {
    const target = new URL('/v1/search', url)
    for (const [name, value] of Object.entries(request)) {
      if (typeof value === 'string' || typeof value === 'number') target.searchParams.set(name, String(value))
    }
    const [status, text] = await ask(target, token, timeoutMs)
    const answer = answerSchema.safeParse(parseJson(text))
    if (answer.success) return answer.data
    const problem = problemSchema.safeParse(parseJson(text))
    if (problem.success) throw new ForeignCodeError(problem.data.code, problem.data.detail)
    throw new ColloquyError('search_unreachable', `what answers at ${url} is no Colloquy (status ${status}); check the address`)
  }
}

async function ask(target: URL, token: string | undefined, timeoutMs: number): Promise<[number, string]> {
  try {
    const response = await fetch(target, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(timeoutMs),
    })
    return [response.status, await response.text()]
  } catch (cause) {
    throw new ColloquyError('search_unreachable', `no HTTP interface of Colloquy answers at ${target.origin} (${messageOf(cause)}); a process with the role serve is needed`, { cause })
  }
}
