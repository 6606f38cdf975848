import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { parseJson } from '../../../schemas/json.ts'

/** What became of a user's turn: an answer, a person who takes over, or nothing within the wait. */
export type Reaction = 'replied' | 'escalated' | 'none'

/** Hears what one actor says, from when it was begun until it is disposed of. */
export interface Listener extends Disposable {
  /** To be called before the turn is published; one turn at a time. */
  expect(inputId: string): { within(waitMs: number, signal: AbortSignal): Promise<Reaction> }
  /** A person has taken over: the machine will not answer. */
  readonly isEscalated: boolean
}

export interface Replies {
  listen(actorId: string): Listener
  stop(): void
}

interface Heard {
  awaited: string
  isEscalated: boolean
  settle: (reaction: Reaction) => void
}

const repliesTo = z.object({ causationid: z.string().optional(), data: z.object({ replyTo: z.string().optional() }) })

/** Hears the actors of one kind, over one subscription. */
export function createReplies(nc: NatsConnection, tenant: string, kind: string): Replies {
  const actors = new Map<string, Heard>()
  const subscription = nc.subscribe(`out.${tenant}.${kind}.>`, {
    callback: (_, message) => {
      const [, , , actorId = '', ...type] = message.subject.split('.')
      const heard = actors.get(actorId)
      if (heard !== undefined) hear(heard, type.join('.'), message.string())
    },
  })
  return {
    listen(actorId) {
      const heard: Heard = { awaited: '', isEscalated: false, settle: () => undefined }
      actors.set(actorId, heard)
      return {
        expect(inputId) {
          const { promise, resolve } = Promise.withResolvers<Reaction>()
          heard.awaited = inputId
          heard.settle = resolve
          return { within: (waitMs, signal) => within(promise, resolve, waitMs, signal) }
        },
        get isEscalated() {
          return heard.isEscalated
        },
        [Symbol.dispose]: () => { actors.delete(actorId) },
      }
    },
    stop: () => subscription.unsubscribe(),
  }
}

function hear(heard: Heard, type: string, text: string): void {
  if (type === 'escalated') {
    heard.isEscalated = true
    heard.settle('escalated')
  } else if (type === 'message.sent') {
    const { data: event } = repliesTo.safeParse(parseJson(text))
    if (event?.data.replyTo === heard.awaited || event?.causationid === heard.awaited) heard.settle('replied')
  }
}

function within(
  reaction: Promise<Reaction>, settle: (reaction: Reaction) => void, waitMs: number, signal: AbortSignal,
): Promise<Reaction> {
  const giveUp = (): void => settle('none')
  const timeout = setTimeout(giveUp, waitMs)
  signal.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()
  return reaction.finally(() => {
    clearTimeout(timeout)
    signal.removeEventListener('abort', giveUp)
  })
}
