import type { Reason } from '../../schemas/record.ts'
import type { Address } from '../../schemas/subjects.ts'
import { pick } from '../harness/random.ts'
import { digestOf, digestOfBytes } from './check/chaos-history.ts'

/** One message to one actor. */
export interface ChaosMessage {
  readonly subject: string
  /** The actor that must record it, as `<tenant>/<kind>/<id>`. */
  readonly actor: string
  readonly payload: string
  /** Digests of type and data, and of the payload, for the ledger. */
  readonly content: string
  readonly payloadDigest: string
  /** The reason with which every actor must reject the message; `undefined` for a valid message. */
  readonly rejected: Reason | undefined
  readonly type: string
  /** The payload has no readable id, so the header must carry it. */
  readonly needsMsgId: boolean
}

export interface MessageContext {
  /** Draws a receiver for `forward`. */
  readonly others: () => string
  /** Whether to send tasks that may take minutes if their runners are lost. */
  readonly hasLongWork: boolean
}

const TENANT = 'chaos'
const KIND = 'chaos'
/** The address of an actor of a run. */
export const addressOf = (id: string): Address => ({ tenant: TENANT, kind: KIND, id })

/** Max length of a sleep that ends during the run. */
export const SLEEP_MS_MAX = 3_000
/** Length of a sleep that does not end during the run. */
const LONG_SLEEP_MS = 3_600_000
const WORK_MS_MAX = 300
/** Words of a text just below the limit of an input. */
const LARGE_TEXT_WORDS = 25_000
const TOO_LARGE_CHARS = 300 * 1024

/** Messages of each type per thousand; the rest is `add`. */
const SHARES = {
  work: 110,
  cancel: 30,
  sleep: 120,
  wake: 50,
  forward: 70,
  quit: 3,
  unknown: 10,
  throw: 8,
  bad_data: 8,
  bad_json: 4,
  bad_envelope: 4,
  unknown_kind: 4,
  bad_subject: 1,
  too_large: 0.3,
  text: 20,
  /** Drawn by attacks only. */
  large_text: 0,
  hang: 0,
  exit: 0,
} as const
export type Choice = keyof typeof SHARES | 'add'

/** Draws the next message to an actor; some are invalid or make the actor throw. @param choice its type, if it is not to be drawn */
export function drawMessage(
  random: () => number,
  id: string,
  actorId: string,
  context: MessageContext,
  choice = choose(random),
): ChaosMessage {
  const good = (type: string, data: object): ChaosMessage => chaosMessage({ id, actorId, type, data })
  switch (choice) {
    case 'add':
      return good('add', { by: pick(random, 1_000) })
    case 'work': {
      const type = context.hasLongWork && random() < 0.3 ? 'longWork' : 'work'
      const draw = random()
      const mode = draw < 0.7 ? 'fine' : draw < 0.9 ? 'flaky' : draw < 0.98 || type === 'longWork' ? 'fails' : 'hangs'
      return good(type, { key: pick(random, 1_000_000), ms: pick(random, WORK_MS_MAX), mode })
    }
    case 'cancel':
      return good('cancel', {})
    case 'sleep':
      return good('sleep', { ms: random() < 0.8 ? pick(random, SLEEP_MS_MAX) : LONG_SLEEP_MS })
    case 'wake':
      return good('wake', {})
    case 'forward':
      return good('forward', { to: context.others(), by: pick(random, 1_000) })
    case 'quit':
      return good('quit', {})
    case 'unknown':
      return good('unknown.type', { note: 'recorded without effect' })
    case 'throw':
      return good('throw', {})
    case 'text':
      return good('message.received', { role: 'user', text: drawText(random, 5 + pick(random, 60)) })
    case 'large_text':
      return good('message.received', { role: 'user', text: drawText(random, LARGE_TEXT_WORDS) })
    case 'hang':
    case 'exit':
      return good(choice, {})
    case 'bad_data':
      return chaosMessage({ id, actorId, type: 'add', data: { by: '很多' }, rejected: 'bad_data' })
    case 'bad_json':
      return chaosMessage({ id, actorId, type: '', data: {}, rejected: 'bad_json', payload: `{"id":"${id}","type":` })
    case 'bad_envelope':
      return chaosMessage({ id, actorId, type: '', data: {}, rejected: 'bad_envelope', payload: JSON.stringify({ id, data: {} }) })
    case 'unknown_kind':
      return chaosMessage({ id, actorId, kind: 'nosuch', type: 'add', data: { by: 1 }, rejected: 'unknown_kind' })
    case 'bad_subject':
      return {
        ...chaosMessage({ id, actorId, type: 'add', data: { by: 1 }, rejected: 'bad_subject' }),
        subject: `in.${TENANT}.${KIND}.*`,
        actor: `${TENANT}/_/_`,
      }
    case 'too_large':
      return chaosMessage({ id, actorId, type: 'add', data: { by: 1, much: 'x'.repeat(TOO_LARGE_CHARS) }, rejected: 'too_large' })
  }
}

const WORDS = ['order', 'parcel', 'invoice', 'refund', 'late', 'broken', '订单', '退款', '快递', '发票']
const drawText = (random: () => number, words: number): string =>
  Array.from({ length: words }, () => `${WORDS[pick(random, WORDS.length)]}${pick(random, 100)}`).join(' ')

function choose(random: () => number): Choice {
  let draw = random() * 1_000
  for (const choice of CHOICES) {
    draw -= SHARES[choice]
    if (draw < 0) return choice
  }
  return 'add'
}
const CHOICES = Object.keys(SHARES).filter((name): name is keyof typeof SHARES => name in SHARES)

interface MessageParts {
  readonly id: string
  readonly actorId: string
  readonly kind?: string
  readonly type: string
  readonly data: object
  readonly rejected?: Reason
  readonly payload?: string
}

export function chaosMessage({
  id,
  actorId,
  kind = KIND,
  type,
  data,
  rejected,
  payload = JSON.stringify({ type, id, source: 'chaos', data }),
}: MessageParts): ChaosMessage {
  return {
    subject: `in.${TENANT}.${kind}.${actorId}`,
    actor: `${TENANT}/${kind}/${actorId}`,
    payload,
    type,
    rejected,
    content: digestOf({ type, data }),
    payloadDigest: digestOfBytes(payload),
    needsMsgId: rejected === 'bad_json' || rejected === 'too_large',
  }
}
