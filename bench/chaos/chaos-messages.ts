import type { Reason } from '../../schemas/record.ts'
import { pick } from '../harness/random.ts'
import { digestOf, digestOfBytes } from './check/chaos-history.ts'

/** One message to one actor. */
export interface ChaosMessage {
  readonly subject: string
  /** `<tenant>/<kind>/<id>` that its record is about. */
  readonly actor: string
  readonly payload: string
  /** Digests, for the ledger. */
  readonly content: string
  readonly payloadDigest: string
  readonly rejected: Reason | undefined
  readonly type: string
  /** It has no id of its own that can be read: the header has it. */
  readonly needsMsgId: boolean
}

export interface Shape {
  /** Other actors that one may tell something. */
  readonly others: () => string
  /** Whether there is work that may take minutes, when runners are lost. */
  readonly hasLabour: boolean
}

export const TENANT = 'chaos'
const KIND = 'chaos'

/** Naps that end within the run, in ms, and those that do not. */
export const NAP_MS_MAX = 3_000
const LONG_NAP_MS = 3_600_000
const WORK_MS_MAX = 300
const TOO_LARGE_CHARS = 300 * 1024

/** How often what is sent, of a thousand; `add` is the rest. */
const SHARES = {
  work: 110, drop: 30, doze: 120, wake: 50, tell: 70, quit: 3, unknown: 10,
  throw: 8, bad_data: 8, bad_json: 4, bad_envelope: 4, unknown_kind: 4, bad_subject: 1, too_large: 0.3,
} as const
type Choice = keyof typeof SHARES | 'add'

/** Draws the next message to an actor; a share of them is poison of some sort. */
export function drawMessage(random: () => number, id: string, actorId: string, shape: Shape): ChaosMessage {
  const choice = choose(random)
  const good = (type: string, data: object): ChaosMessage => message({ id, actorId, type, data })
  switch (choice) {
    case 'add': return good('add', { by: pick(random, 1_000) })
    case 'work': {
      const type = shape.hasLabour && random() < 0.3 ? 'labour' : 'work'
      const draw = random()
      const mode = draw < 0.7 ? 'fine' : draw < 0.9 ? 'flaky' : draw < 0.98 || type === 'labour' ? 'fails' : 'hangs'
      return good(type, { key: pick(random, 1_000_000), ms: pick(random, WORK_MS_MAX), mode })
    }
    case 'drop': return good('drop', {})
    case 'doze': return good('doze', { ms: random() < 0.8 ? pick(random, NAP_MS_MAX) : LONG_NAP_MS })
    case 'wake': return good('wake', {})
    case 'tell': return good('tell', { to: shape.others(), by: pick(random, 1_000) })
    case 'quit': return good('quit', {})
    case 'unknown': return good('nobody.knows.this', { what: 'it is recorded and changes nothing' })
    case 'throw': return good('throw', {})
    case 'bad_data': return message({ id, actorId, type: 'add', data: { by: '很多' }, rejected: 'bad_data' })
    case 'bad_json': return message({ id, actorId, type: '', data: {}, rejected: 'bad_json', payload: `{"id":"${id}","type":` })
    case 'bad_envelope': return message({ id, actorId, type: '', data: {}, rejected: 'bad_envelope', payload: JSON.stringify({ id, data: {} }) })
    case 'unknown_kind': return message({ id, actorId, kind: 'nosuch', type: 'add', data: { by: 1 }, rejected: 'unknown_kind' })
    case 'bad_subject':
      return { ...message({ id, actorId, type: 'add', data: { by: 1 }, rejected: 'bad_subject' }), subject: `in.${TENANT}.${KIND}.*`, actor: `${TENANT}/_/_` }
    case 'too_large':
      return message({ id, actorId, type: 'add', data: { by: 1, much: 'x'.repeat(TOO_LARGE_CHARS) }, rejected: 'too_large' })
  }
}

function choose(random: () => number): Choice {
  let draw = random() * 1_000
  for (const choice of CHOICES) {
    draw -= SHARES[choice]
    if (draw < 0) return choice
  }
  return 'add'
}
const CHOICES = Object.keys(SHARES).filter((name): name is keyof typeof SHARES => name in SHARES)

interface Parts {
  readonly id: string
  readonly actorId: string
  readonly kind?: string
  readonly type: string
  readonly data: object
  readonly rejected?: Reason
  readonly payload?: string
}

function message({ id, actorId, kind = KIND, type, data, rejected, payload = JSON.stringify({ type, id, source: 'chaos', data }) }: Parts): ChaosMessage {
  return {
    subject: `in.${TENANT}.${kind}.${actorId}`, actor: `${TENANT}/${kind}/${actorId}`, payload, type, rejected,
    content: digestOf({ type, data }), payloadDigest: digestOfBytes(payload),
    needsMsgId: rejected === 'bad_json' || rejected === 'too_large',
  }
}
