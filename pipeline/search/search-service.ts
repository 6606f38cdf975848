import { type NatsConnection, RequestError } from '@nats-io/transport-node'
import { z } from 'zod'
import { codeOf, ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import { SEARCH_SUBJECT } from '../../schemas/subjects.ts'
import { createFairPlaces } from '../runtime/fair-places.ts'
import { type Pauses, withRetry } from '../runtime/retry.ts'
import type { Search } from './search-answer.ts'
import { answerSchema } from './search-client.ts'
import { checkedRequest } from './search-request.ts'

/** NATS queue group, so that only one of the processes with a search index answers a query. */
const QUEUE = 'memory'
const ANSWER_MS = 10_000
/** How long a search waits for a process with an index to start: the roles that ask start before it. */
const START_MS = 10_000
const PAUSES: Pauses = { minMs: 500, maxMs: 500 }
/** Searches of other processes that run at one time; more are refused. A tenant gets at most three quarters. */
const SEARCHES_MAX = 1_000

const tenantSchema = z.object({ tenant: z.string() })
const positionedSchema = answerSchema.extend({ indexedSeq: z.int().nonnegative().optional() })
const replySchema = z.union([
  z.object({ answer: positionedSchema }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
])

/** Answers search queries of processes without a search index, on `SEARCH_SUBJECT`. */
export function serveSearch(nc: NatsConnection, search: Search): { stop(): void } {
  const places = createFairPlaces(SEARCHES_MAX)
  const answer = async (request: unknown): Promise<object> => {
    const tenant = tenantSchema.safeParse(request).data?.tenant ?? ''
    if (!places.acquire(tenant)) return { error: { code: 'search_unavailable', message: 'too many searches are running; try again' } }
    try {
      // The search validates the request.
      return { answer: await search(request as Parameters<Search>[0]) }
    } catch (error) {
      return { error: { code: codeOf(error) ?? 'no_memory', message: messageOf(error) } }
    } finally {
      places.release(tenant)
    }
  }
  const subscription = nc.subscribe(SEARCH_SUBJECT, {
    queue: QUEUE,
    callback: (_, message) => {
      void answer(parseJson(message.string())).then((reply) => message.respond(JSON.stringify(reply)))
    },
  })
  return { stop: () => subscription.unsubscribe() }
}

/**
 * Creates a search that runs in another process with a search index. It waits up to 10 s for the answer, and up to `startMs` for such a
 * process to start.
 *
 * The search throws ColloquyError with the code `bad_query`, `no_memory` if no process answers, else with the code of the error in the
 * other process.
 */
export function createRemoteSearch(nc: NatsConnection, startMs = START_MS): Search {
  return async (request) => {
    // A request beyond the payload of NATS would get no answer.
    checkedRequest(request)
    const ask = () => nc.request(SEARCH_SUBJECT, JSON.stringify(request), { timeout: ANSWER_MS })
    const isFinal = (error: unknown): boolean => !(error instanceof RequestError && error.isNoResponders())
    let text: string
    try {
      text = (await withRetry(ask, { pauses: PAUSES, retriesMax: Math.ceil(startMs / PAUSES.minMs), isFinal })).string()
    } catch (cause) {
      throw new ColloquyError(
        'no_memory',
        'no process with a search index answers; wait until one with the role embed or serve has started, or start one',
        { cause },
      )
    }
    const reply = replySchema.safeParse(parseJson(text))
    if (!reply.success) throw new ColloquyError('no_memory', 'the answer of the search index is not readable; upgrade all processes')
    if ('error' in reply.data) throw new ForeignCodeError(reply.data.error.code, reply.data.error.message)
    return reply.data.answer
  }
}
