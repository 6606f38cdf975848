import type { ClickHouseClient } from '@clickhouse/client'
import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { WAITING_CASES_SUBJECT } from '../../schemas/subjects.ts'
import { type WaitingCases, waitingCases, type WaitingCasesQuery, waitingCasesQuery } from '../../schemas/waiting-cases.ts'
import { askTables, serveTables, type TablesQuestion } from '../runtime/tables-question.ts'
import { findWaitingCases } from './find-waiting-cases.ts'

/** Where a desk is refused, its cases ask for themselves. */
const QUESTION: TablesQuestion<WaitingCasesQuery, { found: WaitingCases }> = {
  subject: WAITING_CASES_SUBJECT,
  queue: 'waiting-cases',
  query: waitingCasesQuery,
  answer: z.object({ found: waitingCases }),
  answerMs: 10_000,
  placesMax: 8,
  tooMany: 'too many desks look for waiting cases',
}

/** Answers processes and threads without tables, on `WAITING_CASES_SUBJECT`. */
export const serveWaitingCases = (nc: NatsConnection, clickhouse: ClickHouseClient): { stop(): void } =>
  serveTables(nc, QUESTION, async (query) => ({ found: await findWaitingCases(clickhouse, query) }))

/** Asks a process with tables. @throws as `askTables` */
export const askWaitingCases = async (nc: NatsConnection, query: WaitingCasesQuery): Promise<WaitingCases> =>
  (await askTables(nc, QUESTION, query)).found
