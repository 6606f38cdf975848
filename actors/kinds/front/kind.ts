import { emit, enqueueActions, setup } from 'xstate'
import { ColloquyError } from '../../../schemas/errors.ts'
import { parseActorSource } from '../../../schemas/subjects.ts'
import { detectLanguage } from '../../core/detect-language.ts'
import { send } from '../../definition/send-action.ts'
import {
  defineFront,
  type FrontContext,
  type FrontUnderstood,
  PASSED_MAX,
  TURN_CHARS_MAX,
  TURNS_MAX,
  UNDERSTOOD_CHARS_MAX,
  WAITING_BYTES_MAX,
  WAITING_MAX,
} from './definition.ts'

/** Options of the kind `front`. */
export interface FrontOptions {
  /** Name of the kind. Default: `front`. */
  readonly name?: string
  /** Kind of messages without a route. Default: `support`. Two fronts that fall back to each other would pass a message on for ever. */
  readonly fallback?: string
}

type Turn = FrontContext['turns'][number]

/** Events of a target that come back to the front. */
const FOLLOWED = ['message.sent', 'case.closed'] as const

const REFUSAL = {
  en: 'We have received too many messages at once and could not take this one. Please send it again in a moment.',
  zh: '消息太多，这一条暂时无法处理。请稍后再发一次。',
} as const

/** A message keeps its id behind a number: ids of two producers may be equal, and the target must take both. */
const PASSED_ID = /^via-(\d+):/
const ID_CHARS_MAX = 256

const passedId = (no: number, id: string): string => `via-${no}:${id}`.slice(0, ID_CHARS_MAX).toWellFormed()

const withTurn = (turns: readonly Turn[], role: Turn['role'], text: string): Turn[] =>
  [...turns, { role, text: text.slice(0, TURN_CHARS_MAX).toWellFormed() }].slice(-TURNS_MAX)

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

/** The kind that an understood message calls for; `undefined` where only a new topic with an intent could say so. */
function calledFor({ act, intents, route }: FrontUnderstood, target: string | null): string | null | undefined {
  if (target === null) return route
  return act.name === 'new_topic' && intents.length > 0 ? route : undefined
}

/**
 * Creates the kind `front`: one address for all conversations of a tenant. It understands each message of a user and sends it on to the
 * actor with its own id of the kind that the tenant gave the message's intent as a route. Messages go on in their order. The target stays
 * until its case closes, or until a message begins a new topic whose intent has another route. Replies come back under the front's address.
 * A front is no conversation: the messages count at the target only.
 *
 * @throws ColloquyError `bad_kind` where the fallback is the kind itself
 */
export function createFront({ name = 'front', fallback = 'support' }: FrontOptions = {}) {
  if (fallback === name) throw new ColloquyError('bad_kind', `the fallback of the kind "${name}" must be another kind`)
  const kind = defineFront(name)
  const kindFor = (called: string | null): string => (called === null || called === name ? fallback : called)

  return kind.with(
    setup({
      ...kind.xstate,
      guards: {
        isFull: ({ context: { waiting }, event }) =>
          waiting.length > WAITING_MAX
          || (event.type === 'message.received' && bytesOf([...waiting, { id: event.id, data: event.data }]) > WAITING_BYTES_MAX),
        isOfUser: ({ context: { waiting } }) => waiting[0]?.data.role === 'user',
        isWaiting: ({ context: { waiting } }) => waiting.length > 0,
        givesUpFirst: ({ context: { waiting }, event }) => event.type === 'reply.cancel' && event.data.message === waiting[0]?.id,
        isFromTarget: ({ context: { id }, event }) => 'source' in event && parseActorSource(event.source)?.id === id,
      },
      actions: {
        wait: enqueueActions(({ context: { waiting }, event, enqueue }) => {
          if (event.type === 'message.received') enqueue.assign({ waiting: [...waiting, { id: event.id, data: event.data }] })
        }),
        refuse: enqueueActions(({ context: { refused }, event, enqueue }) => {
          if (event.type !== 'message.received') return
          const { text, lang: stated } = event.data
          const lang = (stated ?? detectLanguage(text) ?? '').startsWith('zh') ? 'zh' : 'en'
          enqueue.emit({ type: 'message.sent', data: { text: REFUSAL[lang], replyTo: event.id, lang } })
          enqueue.assign({ refused: refused + 1 })
        }),
        /** Sends the first waiting message on. */
        pass: enqueueActions(
          ({ context, enqueue }, { to, ...after }: { to: string } & Partial<Pick<FrontContext, 'target' | 'failed'>>) => {
            const [first, ...waiting] = context.waiting
            if (first === undefined) return
            const passed = context.passed + 1
            enqueue(
              send({
                kind: to,
                id: context.id,
                type: 'message.received',
                data: first.data,
                eventId: passedId(passed, first.id),
                causationid: first.id,
                follow: FOLLOWED,
              }),
            )
            const unanswered = [...context.unanswered, { no: passed, id: first.id, to }].slice(-PASSED_MAX)
            enqueue.assign({ ...after, waiting, passed, unanswered, turns: withTurn(context.turns, first.data.role, first.data.text) })
          },
        ),
        reply: enqueueActions(({ context, event, enqueue }) => {
          if (event.type !== 'message.sent') return
          const { text, replyTo } = event.data
          const no = typeof replyTo === 'string' ? Number(PASSED_ID.exec(replyTo)?.[1]) : NaN
          const data = typeof replyTo === 'string' ? { ...event.data, replyTo: replyTo.replace(PASSED_ID, '') } : event.data
          enqueue.emit({ type: 'message.sent', data })
          enqueue.assign({ unanswered: context.unanswered.filter((one) => one.no !== no) })
          if (typeof text === 'string') enqueue.assign({ turns: withTurn(context.turns, 'assistant', text) })
        }),
        /** Forgets a message that waits, and gives up the one that went on at its target. */
        giveUp: enqueueActions(({ context: { id, waiting, unanswered }, event, enqueue }) => {
          if (event.type !== 'reply.cancel') return
          const { message } = event.data
          enqueue.assign({ waiting: waiting.filter((one) => one.id !== message) })
          const passed = unanswered.find((one) => one.id === message)
          if (passed === undefined) return
          const { to, no } = passed
          enqueue(send({ kind: to, id, type: 'reply.cancel', data: { message: passedId(no, message) } }))
          enqueue.assign({ unanswered: unanswered.filter((one) => one !== passed) })
        }),
        close: enqueueActions(({ context: { target }, event, enqueue }) => {
          if (event.type !== 'case.closed') return
          enqueue(emit({ type: 'case.closed', data: event.data }))
          if (parseActorSource(event.source)?.kind === target) enqueue.assign({ target: null })
        }),
      },
    }).createMachine({
      id: 'front',
      context: ({ input: { id } }) => ({ id, target: null, waiting: [], turns: [], unanswered: [], passed: 0, refused: 0, failed: 0 }),
      initial: 'listening',
      on: {
        'message.received': [{ guard: 'isFull', actions: 'refuse' }, { actions: 'wait' }],
        'message.sent': { guard: 'isFromTarget', actions: 'reply' },
        'case.closed': { guard: 'isFromTarget', actions: 'close' },
        'reply.cancel': { actions: 'giveUp' },
      },
      states: {
        listening: {
          always: [
            { guard: 'isOfUser', target: 'understanding' },
            { guard: 'isWaiting', actions: { type: 'pass', params: ({ context: { target } }) => ({ to: target ?? fallback }) } },
          ],
        },
        understanding: {
          on: { 'reply.cancel': { guard: 'givesUpFirst', target: 'listening', actions: 'giveUp' } },
          invoke: {
            id: 'understand',
            src: 'understand',
            input: ({ context: { waiting, turns } }) => ({
              text: (waiting[0]?.data.text ?? '').slice(0, UNDERSTOOD_CHARS_MAX).toWellFormed(),
              history: turns,
            }),
            onDone: {
              target: 'listening',
              actions: {
                type: 'pass',
                params: ({ context: { target }, event }) => {
                  const called = calledFor(event.output, target)
                  const to = called === undefined ? (target ?? fallback) : kindFor(called)
                  return { to, target: to }
                },
              },
            },
            onError: {
              target: 'listening',
              actions: {
                type: 'pass',
                params: ({ context: { target, failed } }) => ({ to: target ?? fallback, target: target ?? fallback, failed: failed + 1 }),
              },
            },
          },
        },
      },
    }),
  )
}
