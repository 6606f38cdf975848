import type { ClickHouseClient } from '@clickhouse/client'
import { type NatsConnection, RequestError } from '@nats-io/transport-node'
import { z } from 'zod'
import { codeOf, ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import { WAITING_CASES_SUBJECT } from '../../schemas/subjects.ts'
import { type WaitingCases, waitingCases, type WaitingCasesQuery, waitingCasesQuery } from '../../schemas/waiting-cases.ts'
import { createFairPlaces } from '../runtime/fair-places.ts'
import { findWaitingCases } from './find-waiting-cases.ts'

/** Only one of the processes with tables answers. */
const QUEUE = 'waiting-cases'
const ANSWER_MS = 10_000
/** Desks that a process answers at one time; more are refused, and their cases ask for themselves. A tenant gets at most three quarters. */
const QUERIES_MAX = 8

const replySchema = z.union([z.object({ found: waitingCases }), z.object({ error: z.object({ code: z.string(), message: z.string() }) })])

/** Answers processes and threads without tables, on `WAITING_CASES_SUBJECT`. */
export function serveWaitingCases(nc: NatsConnection, clickhouse: ClickHouseClient): { stop(): void } {
  const places = createFairPlaces(QUERIES_MAX)
  const answer = async (request: unknown): Promise<z.input<typeof replySchema>> => {
    const query = waitingCasesQuery.safeParse(request)
    if (!query.success) return { error: { code: 'bad_query', message: 'the query is not readable; upgrade all processes' } }
    const { tenant } = query.data
    if (!places.acquire(tenant)) return { error: { code: 'tables_unavailable', message: 'too many desks look for waiting cases' } }
    try {
      return { found: await findWaitingCases(clickhouse, query.data) }
    } catch (error) {
      return { error: { code: codeOf(error) ?? 'tables_unavailable', message: messageOf(error) } }
    } finally {
      places.release(tenant)
    }
  }
  const subscription = nc.subscribe(WAITING_CASES_SUBJECT, {
    queue: QUEUE,
    callback: (_, message) => {
      void answer(parseJson(message.string())).then((reply) => message.respond(JSON.stringify(reply)))
    },
  })
  return { stop: () => subscription.unsubscribe() }
}

/** Asks a process with tables. @throws ColloquyError `tables_unavailable`, or with the code of the error in the other process */
export async function askWaitingCases(nc: NatsConnection, query: WaitingCasesQuery): Promise<WaitingCases> {
  const text = await nc.request(WAITING_CASES_SUBJECT, JSON.stringify(query), { timeout: ANSWER_MS }).then(
    (reply) => reply.string(),
    (cause: unknown) => {
      const isNobody = cause instanceof RequestError && cause.isNoResponders()
      const what = isNobody ? 'no process with tables is there; start one with the role project or serve' : 'the tables do not answer'
      throw new ColloquyError('tables_unavailable', what, { cause })
    },
  )
  const reply = replySchema.safeParse(parseJson(text))
  if (!reply.success) throw new ColloquyError('tables_unavailable', 'the answer of the tables is not readable; upgrade all processes')
  if ('error' in reply.data) throw new ForeignCodeError(reply.data.error.code, reply.data.error.message)
  return reply.data.found
}
