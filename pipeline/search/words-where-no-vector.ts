import type { Logger } from 'pino'
import { hasCode, messageOf } from '../../schemas/errors.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import type { Search } from './search-answer.ts'

/**
 * A search that goes by words alone where the model gives no vector for the question. A task then gets the passages that
 * its words find, and does not fail. A search by people says so instead (`embed_failed`): they may choose.
 */
export const wordsWhereNoVector =
  (search: Search, log: Logger): Search =>
  async (input) => {
    try {
      return await search(input)
    } catch (error) {
      if (!hasCode(error, 'embed_failed')) throw error
      rateLimitedWarn(log, { tenant: input.tenant, why: messageOf(error) }, 'the model has no vector for a question; searching by words')
      return search({ ...input, mode: 'keyword', fusion: undefined, denseWeight: undefined })
    }
  }
