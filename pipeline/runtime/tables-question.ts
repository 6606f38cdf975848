import { type NatsConnection, RequestError } from '@nats-io/transport-node'
import { z } from 'zod'
import { codeOf, ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import { createFairPlaces } from './fair-places.ts'

/** What processes and threads without tables ask one with tables, over NATS. */
export interface TablesQuestion<Query extends { readonly tenant: string }, Answer extends object> {
  readonly subject: string
  /** Only one of the processes with tables answers. */
  readonly queue: string
  readonly query: z.ZodType<Query>
  /** An object without the field `error`. */
  readonly answer: z.ZodType<Answer>
  /** How long the asker waits. */
  readonly answerMs: number
  /** Questions that a process answers at one time; more are refused. A tenant gets at most three quarters. */
  readonly placesMax: number
  /** Why they are refused. */
  readonly tooMany: string
}

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) })
const unavailable = (why: string, cause?: unknown): ColloquyError => new ColloquyError('tables_unavailable', why, { cause })

/** Answers a question in a process with tables. */
export function serveTables<Query extends { readonly tenant: string }, Answer extends object>(
  nc: NatsConnection,
  question: TablesQuestion<Query, Answer>,
  find: (query: Query) => Promise<Answer>,
): { stop(): void } {
  const places = createFairPlaces(question.placesMax)
  const answer = async (request: unknown): Promise<Answer | z.output<typeof errorSchema>> => {
    const query = question.query.safeParse(request)
    if (!query.success) return { error: { code: 'bad_query', message: 'the query is not readable; upgrade all processes' } }
    const { tenant } = query.data
    if (!places.acquire(tenant)) return { error: { code: 'tables_unavailable', message: question.tooMany } }
    try {
      return await find(query.data)
    } catch (error) {
      return { error: { code: codeOf(error) ?? 'tables_unavailable', message: messageOf(error) } }
    } finally {
      places.release(tenant)
    }
  }
  const subscription = nc.subscribe(question.subject, {
    queue: question.queue,
    callback: (_, message) => {
      void answer(parseJson(message.string())).then((reply) => message.respond(JSON.stringify(reply)))
    },
  })
  return { stop: () => subscription.unsubscribe() }
}

/** Asks a process with tables. @throws ColloquyError `tables_unavailable`, or with the code of the error in the other process */
export async function askTables<Query extends { readonly tenant: string }, Answer extends object>(
  nc: NatsConnection,
  { subject, answer, answerMs }: TablesQuestion<Query, Answer>,
  query: Query,
): Promise<Answer> {
  const text = await nc.request(subject, JSON.stringify(query), { timeout: answerMs }).then(
    (reply) => reply.string(),
    (cause: unknown) => {
      const isNobody = cause instanceof RequestError && cause.isNoResponders()
      throw unavailable(
        isNobody ? 'no process with tables is there; start one with the role project or serve' : 'the tables do not answer',
        cause,
      )
    },
  )
  const reply = parseJson(text)
  const failed = errorSchema.safeParse(reply).data?.error
  if (failed !== undefined) throw new ForeignCodeError(failed.code, failed.message)
  const given = answer.safeParse(reply)
  if (!given.success) throw unavailable('the answer of the tables is not readable; upgrade all processes')
  return given.data
}
