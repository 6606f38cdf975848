import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { parseJson } from '../../../schemas/json.ts'

/** The reaction to the turn of a user: a reply, an escalation to a person, or none within the wait. */
export type Reaction = 'replied' | 'escalated' | 'none'

/** Receives the replies of one actor until it is disposed of. */
export interface ActorReplies extends Disposable {
  /** Call it before the turn is published, for one turn at a time. `within` settles with the reaction, or `none` after the wait. */
  expect(inputId: string): { within(waitMs: number, signal: AbortSignal): Promise<Reaction> }
  /** A person has taken over: the actor does not reply any more. */
  readonly isEscalated: boolean
}

export interface ReplyListener {
  listen(actorId: string): ActorReplies
  stop(): void
}

/** The turn of an actor that waits for a reply. */
interface AwaitedTurn {
  inputId: string
  isEscalated: boolean
  resolve: (reaction: Reaction) => void
}

const repliesTo = z.object({ causationid: z.string().optional(), data: z.object({ replyTo: z.string().optional() }) })

/** Receives the replies of all actors of one kind, over one subscription. */
export function createReplyListener(nc: NatsConnection, tenant: string, kind: string): ReplyListener {
  const actors = new Map<string, AwaitedTurn>()
  const subscription = nc.subscribe(`out.${tenant}.${kind}.>`, {
    callback: (_, message) => {
      const [, , , actorId = '', ...type] = message.subject.split('.')
      const turn = actors.get(actorId)
      if (turn !== undefined) applyEvent(turn, type.join('.'), message.string())
    },
  })
  return {
    listen(actorId) {
      const turn: AwaitedTurn = { inputId: '', isEscalated: false, resolve: () => undefined }
      actors.set(actorId, turn)
      return {
        expect(inputId) {
          const { promise, resolve } = Promise.withResolvers<Reaction>()
          turn.inputId = inputId
          turn.resolve = resolve
          return { within: (waitMs, signal) => within(promise, resolve, waitMs, signal) }
        },
        get isEscalated() {
          return turn.isEscalated
        },
        [Symbol.dispose]: () => {
          actors.delete(actorId)
        },
      }
    },
    stop: () => subscription.unsubscribe(),
  }
}

function applyEvent(turn: AwaitedTurn, type: string, text: string): void {
  if (type === 'escalated') {
    turn.isEscalated = true
    turn.resolve('escalated')
  } else if (type === 'message.sent') {
    const { data: event } = repliesTo.safeParse(parseJson(text))
    if (event?.data.replyTo === turn.inputId || event?.causationid === turn.inputId) turn.resolve('replied')
  }
}

function within(
  reaction: Promise<Reaction>,
  resolve: (reaction: Reaction) => void,
  waitMs: number,
  signal: AbortSignal,
): Promise<Reaction> {
  const giveUp = (): void => resolve('none')
  const timeout = setTimeout(giveUp, waitMs)
  signal.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()
  return reaction.finally(() => {
    clearTimeout(timeout)
    signal.removeEventListener('abort', giveUp)
  })
}
