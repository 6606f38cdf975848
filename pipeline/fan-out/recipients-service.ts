import type { ClickHouseClient } from '@clickhouse/client'
import { type NatsConnection, RequestError } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { z } from 'zod'
import { codeOf, ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import { type RecipientsPage, recipientsPage, type RecipientsQuery, recipientsQuery } from '../../schemas/recipients.ts'
import { RECIPIENTS_SUBJECT } from '../../schemas/subjects.ts'
import { createFairPlaces } from '../runtime/fair-places.ts'
import { pollUntil } from '../runtime/poll-until.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { type Pauses, withRetry } from '../runtime/retry.ts'
import { findRecipients } from './find-recipients.ts'

/** Only one of the processes with tables answers. */
const QUEUE = 'recipients'
const ANSWER_MS = 30_000
/** Pages that a process finds at one time; more are refused, and asked for again. A tenant gets at most three quarters. */
const PAGES_MAX = 16
/** A page is asked for again for a few minutes, while tables are away or start. Then the attempt of the task has failed. */
const PAUSES: Pauses = { minMs: 250, maxMs: 10_000 }
const RETRIES_MAX = 20
/** Pauses until tables have the records up to the cause. */
const BEHIND_PAUSES: Pauses = { minMs: 100, maxMs: 1_000 }

const replySchema = z.union([
  z.object({ page: recipientsPage }),
  z.object({ behind: z.literal(true) }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
])

/** Answers processes and threads without tables, on `RECIPIENTS_SUBJECT`. */
export function serveRecipients(nc: NatsConnection, clickhouse: ClickHouseClient): { stop(): void } {
  const places = createFairPlaces(PAGES_MAX)
  const answer = async (request: unknown): Promise<z.input<typeof replySchema>> => {
    const query = recipientsQuery.safeParse(request)
    if (!query.success) return { error: { code: 'bad_query', message: 'the query is not readable; upgrade all processes' } }
    const { tenant } = query.data
    if (!places.acquire(tenant)) return { error: { code: 'tables_unavailable', message: 'too many recipients are being looked for' } }
    try {
      const page = await findRecipients(clickhouse, query.data)
      return page === undefined ? { behind: true } : { page }
    } catch (error) {
      return { error: { code: codeOf(error) ?? 'tables_unavailable', message: messageOf(error) } }
    } finally {
      places.release(tenant)
    }
  }
  const subscription = nc.subscribe(RECIPIENTS_SUBJECT, {
    queue: QUEUE,
    callback: (_, message) => {
      void answer(parseJson(message.string())).then((reply) => message.respond(JSON.stringify(reply)))
    },
  })
  return { stop: () => subscription.unsubscribe() }
}

/**
 * A page of recipients from a process with tables. It waits until those have the records up to the query's `logSeq`.
 *
 * @throws ColloquyError `tables_unavailable`, or with the code of the error in the other process; the reason of the signal
 */
export type AskRecipients = (query: RecipientsQuery, signal: AbortSignal) => Promise<RecipientsPage>

export function remoteRecipients(nc: NatsConnection, log: Logger): AskRecipients {
  const ask = async (query: RecipientsQuery): Promise<RecipientsPage | undefined> => {
    const text = await nc.request(RECIPIENTS_SUBJECT, JSON.stringify(query), { timeout: ANSWER_MS }).then(
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
    return 'page' in reply.data ? reply.data.page : undefined
  }
  return (query, signal) =>
    pollUntil(
      () =>
        withRetry(() => ask(query), {
          pauses: PAUSES,
          retriesMax: RETRIES_MAX,
          signal,
          onRetry: (err, pauseMs) => rateLimitedWarn(log, { err, pauseMs }, 'recipients could not be looked up; retrying'),
        }),
      { signal, pauses: BEHIND_PAUSES },
    )
}
