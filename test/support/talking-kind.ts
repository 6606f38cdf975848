import { assign, enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'
import { defineTask } from '../../actors/definition/task-definition.ts'
import { messageReceived, messageSent } from '../../schemas/events.ts'

/** Answers a message of a user: with several messages, with one, or with none. */
export type Talk = (text: string, signal: AbortSignal) => Promise<readonly string[]>

/** A talk whose answers to texts with "slow" wait while it is held. */
export interface HeldTalk {
  readonly talk: Talk
  hold(): void
  release(): void
  /** Texts whose answers were given up while they waited. */
  readonly abandoned: readonly string[]
}

/** Repeats a text; says nothing to one with "silence", and two things to one with 两次. */
export function createHeldTalk(): HeldTalk {
  let release = (): void => undefined
  let released = Promise.resolve()
  const abandoned: string[] = []
  return {
    abandoned,
    async talk(text, signal) {
      const abandon = (): void => void abandoned.push(text)
      signal.addEventListener('abort', abandon)
      if (text.includes('slow')) await released
      signal.removeEventListener('abort', abandon)
      if (text.includes('silence')) return []
      return text.includes('两次') ? ['第一', '第二'] : [`re: ${text}`]
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      released = promise
      release = resolve
    },
    release: () => release(),
  }
}

const USAGE = { tokensIn: 11, tokensOut: 5, sources: [{ source: 'shipping.md' }] }
const WAITING_MAX = 8

/** A kind that answers its messages one after the other, as the test says. */
export function createTalkingKind(talk: Talk, name = 'talking') {
  const kind = defineKind({
    name,
    version: 1,
    context: z.object({ waiting: z.array(z.object({ id: z.string(), text: z.string() })).max(WAITING_MAX) }),
    events: { 'message.received': messageReceived, 'reply.cancel': z.object({ message: z.string() }) },
    emits: { 'message.sent': messageSent },
    tasks: {
      answer: defineTask({
        input: z.object({ text: z.string() }),
        output: z.object({ texts: z.array(z.string()) }),
        deadlineMs: 60_000,
        attemptsMax: 1,
        concurrencyMax: 32,
        run: async ({ input, signal }) => ({ texts: [...(await talk(input.text, signal))] }),
      }),
    },
  })
  return kind.with(
    setup({
      ...kind.xstate,
      guards: {
        isOfUser: ({ event }) => event.type === 'message.received' && event.data.role === 'user',
        isFirst: ({ context: { waiting }, event }) => event.type === 'reply.cancel' && waiting[0]?.id === event.data.message,
        isWaiting: ({ context: { waiting } }) => waiting.length > 0,
      },
      actions: {
        wait: assign({
          waiting: ({ context: { waiting }, event }) =>
            event.type === 'message.received' ? [...waiting, { id: event.id, text: event.data.text }] : waiting,
        }),
        giveUp: assign({
          waiting: ({ context: { waiting }, event }) =>
            event.type === 'reply.cancel' ? waiting.filter(({ id }) => id !== event.data.message) : waiting,
        }),
        reply: enqueueActions(({ context: { waiting }, enqueue }, { texts }: { texts: readonly string[] }) => {
          const [first, ...more] = waiting
          for (const text of texts) enqueue.emit({ type: 'message.sent', data: { text, replyTo: first?.id, ...USAGE } })
          enqueue.assign({ waiting: more })
        }),
      },
    }).createMachine({
      context: { waiting: [] },
      initial: 'listening',
      on: { 'message.received': { guard: 'isOfUser', actions: 'wait' }, 'reply.cancel': { actions: 'giveUp' } },
      states: {
        listening: { always: { guard: 'isWaiting', target: 'answering' } },
        answering: {
          on: { 'reply.cancel': { guard: 'isFirst', target: 'listening', actions: 'giveUp' } },
          invoke: {
            src: 'answer',
            id: 'answer',
            input: ({ context: { waiting } }) => ({ text: waiting[0]?.text ?? '' }),
            onDone: { target: 'listening', actions: { type: 'reply', params: ({ event }) => ({ texts: event.output.texts }) } },
            onError: { target: 'listening', actions: { type: 'reply', params: { texts: ['sorry'] } } },
          },
        },
      },
    }),
  )
}
