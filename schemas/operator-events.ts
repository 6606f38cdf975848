import { z } from 'zod'

/** Takes an actor back to one of its records. No producer can send it. */
export const ACTOR_RESET = 'actor.reset'
/** Stops an actor. A kind may declare it among its events, to tell others of it; no producer can send it. */
export const ACTOR_CANCELLED = 'actor.cancelled'

const asked = {
  by: z.string().min(1).max(256).optional().meta({ description: 'Who asked for it, where that is known' }),
  reason: z.string().min(1).max(1024).optional().meta({ description: 'Why' }),
}

/** The data of `actor.reset`. */
export const actorReset = z.object({ to: z.int().positive().meta({ description: 'Number of the record' }), ...asked })

/** The data of `actor.cancelled`, for the `events` of a kind that wants to react to it. */
export const actorCancelled = z.object(asked)

/** Whether an input is what an operator does with an actor. */
export const isOperatorEvent = (type: string): boolean => type === ACTOR_RESET || type === ACTOR_CANCELLED
