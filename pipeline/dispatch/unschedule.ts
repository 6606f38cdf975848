import { codeOf } from '../../schemas/errors.ts'
import type { Bus } from '../bus.ts'

/**
 * Takes a schedule out of TIMERS. Tried once and over the mux, since it is only thrift: a timer that fires after all is ignored,
 * because its run is no longer pending.
 */
export async function unschedule({ jsm, mux }: Bus, subject: string): Promise<void> {
  try {
    await mux.request(`${jsm.getOptions().apiPrefix ?? '$JS.API'}.STREAM.PURGE.TIMERS`, JSON.stringify({ filter: subject }))
  } catch (error) {
    if (!UNANSWERED.has(codeOf(error) ?? '')) throw error
  }
}

const UNANSWERED = new Set(['no_reply', 'no_responders', 'not_sent'])
