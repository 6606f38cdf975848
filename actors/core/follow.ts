import type { Input } from '../../schemas/envelope.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { Case, Emitted, Sent } from '../../schemas/record.ts'
import { parseActorSource } from '../../schemas/subjects.ts'
import type { Message } from './decision.ts'

/** The attribute of an input from another actor by which that actor follows this one: types of events, separated by blanks. */
const FOLLOW_ATTRIBUTE = 'follow'

/** An actor that gets the emitted events of another one, of some types. */
export type Follower = NonNullable<Case['follower']>

/** The actor that sends this input and follows the receiver from now on. Producers cannot claim to be one: `origin` is the subject's. */
export function followerIn({ origin }: Pick<Message, 'origin'>, { source, attributes }: Input): Follower | undefined {
  const follow = attributes?.[FOLLOW_ATTRIBUTE]
  if (origin !== 'actor' || typeof follow !== 'string') return undefined
  const sender = parseActorSource(source)
  return sender === undefined ? undefined : { kind: sender.kind, id: sender.id, types: follow.split(' ') }
}

/**
 * The emitted events for the follower, as events to send. Each keeps its id, so that the follower names it as the cause of what follows.
 *
 * @throws ColloquyError `too_many_effects` where the record would have more effects than it has sequences for
 */
export function sentToFollower(follower: Follower | undefined, emitted: readonly Emitted[], sent: readonly Sent[]): Sent[] {
  if (follower === undefined) return [...sent]
  const { kind, id: actor, types } = follower
  const all = [...sent, ...emitted.filter(({ type }) => types.includes(type)).map((event) => ({ ...event, kind, actor }))]
  if (emitted.length + all.length <= LIMITS.effectsMax) return all
  throw new ColloquyError(
    'too_many_effects',
    `one input would cause more than ${LIMITS.effectsMax} effects, with the events for ${kind}/${actor}, which follows this actor`,
  )
}
