import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { ColloquyError, codeOf, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import { SEARCH_SUBJECT } from '../../schemas/subjects.ts'
import { answerSchema } from './search-answer.ts'
import type { Search } from './hybrid-search.ts'

/** One of the processes that have a memory answers each question. */
const QUEUE = 'memory'
const ANSWER_MS = 10_000

const replySchema = z.union([z.object({ answer: answerSchema }), z.object({ error: z.object({ code: z.string(), message: z.string() }) })])

/** Answers the questions of processes that have no memory of their own. */
export function serveSearch(nc: NatsConnection, search: Search): { stop(): void } {
  const answer = async (question: unknown): Promise<object> => {
    try {
      // The search checks what it is asked.
      return { answer: await search(question as Parameters<Search>[0]) }
    } catch (error) {
      return { error: { code: codeOf(error) ?? 'no_memory', message: messageOf(error) } }
    }
  }
  const subscription = nc.subscribe(SEARCH_SUBJECT, {
    queue: QUEUE, callback: (_, message) => { void answer(parseJson(message.string())).then((reply) => message.respond(JSON.stringify(reply))) },
  })
  return { stop: () => subscription.unsubscribe() }
}

/** Asks a process that has a memory. What is returned throws ColloquyError `no_memory` where none answers, or what the search there threw. */
export function createRemoteSearch(nc: NatsConnection): Search {
  return async (question) => {
    let text: string
    try {
      text = (await nc.request(SEARCH_SUBJECT, JSON.stringify(question), { timeout: ANSWER_MS })).string()
    } catch (cause) {
      throw new ColloquyError('no_memory', `no process with a memory answers (${messageOf(cause)}): one with the role embed or serve is needed`, { cause })
    }
    const reply = replySchema.safeParse(parseJson(text))
    if (!reply.success) throw new ColloquyError('no_memory', 'what answers for the memory cannot be understood; upgrade all processes')
    if ('error' in reply.data) throw new ForeignCodeError(reply.data.error.code, reply.data.error.message)
    return reply.data.answer
  }
}
