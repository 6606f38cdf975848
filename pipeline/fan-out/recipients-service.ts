import type { ClickHouseClient } from '@clickhouse/client'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type RecipientsPage, recipientsPage, type RecipientsQuery, recipientsQuery } from '../../schemas/recipients.ts'
import { RECIPIENTS_SUBJECT } from '../../schemas/subjects.ts'
import { pollUntil } from '../runtime/poll-until.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { type Pauses, withRetry } from '../runtime/retry.ts'
import { askTables, serveTables, type TablesQuestion } from '../runtime/tables-question.ts'
import { findRecipients } from './find-recipients.ts'

/** A page is asked for again for a few minutes, while tables are away or start. Then the attempt of the task has failed. */
const PAUSES: Pauses = { minMs: 250, maxMs: 10_000 }
const RETRIES_MAX = 20
/** Pauses until tables have the records up to the cause. */
const BEHIND_PAUSES: Pauses = { minMs: 100, maxMs: 1_000 }

/** A page, or that the tables lack records up to the cause. */
type Found = { readonly page: RecipientsPage } | { readonly behind: true }

/** Where a page is refused, it is asked for again. */
const QUESTION: TablesQuestion<RecipientsQuery, Found> = {
  subject: RECIPIENTS_SUBJECT,
  queue: 'recipients',
  query: recipientsQuery,
  answer: z.union([z.object({ page: recipientsPage }), z.object({ behind: z.literal(true) })]),
  answerMs: 30_000,
  placesMax: 16,
  tooMany: 'too many recipients are being looked for',
}

/** Answers processes and threads without tables, on `RECIPIENTS_SUBJECT`. */
export const serveRecipients = (nc: NatsConnection, clickhouse: ClickHouseClient): { stop(): void } =>
  serveTables(nc, QUESTION, async (query): Promise<Found> => {
    const page = await findRecipients(clickhouse, query)
    return page === undefined ? { behind: true } : { page }
  })

/**
 * A page of recipients from a process with tables. It waits until those have the records up to the query's `logSeq`.
 *
 * @throws ColloquyError `tables_unavailable`, or with the code of the error in the other process; the reason of the signal
 */
export type AskRecipients = (query: RecipientsQuery, signal: AbortSignal) => Promise<RecipientsPage>

export function remoteRecipients(nc: NatsConnection, log: Logger): AskRecipients {
  const ask = async (query: RecipientsQuery): Promise<RecipientsPage | undefined> => {
    const answer = await askTables(nc, QUESTION, query)
    return 'page' in answer ? answer.page : undefined
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
