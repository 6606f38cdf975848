import { DESK_KIND } from '../../../schemas/desk-events.ts'
import type { Reason } from '../../../schemas/record.ts'
import { pick } from '../../harness/random.ts'
import { type ChaosMessage, chaosMessage } from '../chaos-messages.ts'
import { HELPED_KIND } from '../check/applications/follow-desk.ts'

/** A type with its data. */
interface Drawn {
  readonly type: string
  readonly data: object
  /** The reason with which the actor must reject it. */
  readonly rejected?: Reason
}

/** What the actors of a kind are sent in a chaos run. */
export interface Application {
  readonly kind: string
  /** Actors at a time. */
  readonly actors: number
  /** Messages after which another actor takes the place of one. */
  readonly sendsMax?: number
  /** Draws the next message of an actor. @param sends messages that it had before */
  draw(random: () => number, actorId: string, sends: number): Drawn
}

/** The n-th actor of a kind. */
export const applicationActor = (kind: string, number: number): string => `${kind}${number}`

const oneOf = <T>(random: () => number, values: readonly [T, ...T[]]): T => values[pick(random, values.length)] ?? values[0]
const numberOf = (actorId: string): number => Number(/\d+/.exec(actorId)?.[0] ?? 0)
const refused = (type: string, data: object): Drawn => ({ type, data, rejected: 'bad_data' })

const [AUTHORS, TEMPLATES, ITEMS, SERIES, TRADES, STRATEGIES, ACCOUNTS, AGENTS] = [8, 4, 30, 6, 4, 3, 40, 16]
const some = (random: () => number, kind: string, count: number): string => applicationActor(kind, pick(random, count))
const account = (random: () => number): string => `u${pick(random, ACCOUNTS)}`

const TEXTS = [
  'How long does shipping to Norway take? 寄到挪威要多久？',
  'The kettle is wonderful, I love it and drink tea each morning',
  '退货要怎么办？包裹还没有到，太慢了',
  'A terrible delay: the parcel never came and nobody answers',
  '今天的发布会非常精彩，新手机的电池很耐用',
  'Train to the mountains, new timetable for skiers in winter',
] as const
const text = (random: () => number): string => `${oneOf(random, TEXTS)} ${pick(random, 100)}`

/** A time so many seconds from now, as a cron of one moment of the year. */
function momentIn(seconds: number): string {
  const at = new Date(Date.now() + seconds * 1_000)
  return `${at.getUTCSeconds()} ${at.getUTCMinutes()} ${at.getUTCHours()} ${at.getUTCDate()} ${at.getUTCMonth() + 1} *`
}

const DAY_MS = 86_400_000
/** A reminder is due a day before, so that it is due within seconds. */
const appointmentIn = (seconds: number): string => new Date(Date.now() + DAY_MS + seconds * 1_000).toISOString()

const HELPED = 12
const DESK = applicationActor(DESK_KIND, 0)

/** What an agent does next: he cannot see what is offered, and tries. */
function drawAct(random: () => number, agent: string, sends: number): { kind: string; id: string; type: string; data: object } {
  const of = some(random, HELPED_KIND, HELPED)
  const one = { case: `${HELPED_KIND}/${of}`, agent }
  const toDesk = (type: string, data: object) => ({ kind: DESK_KIND, id: DESK, type, data })
  const draw = random()
  if (sends === 0 || draw < 0.2) return toDesk('agent.online', { agent, capacity: 1 + pick(random, 5) })
  if (draw < 0.55) return toDesk('case.accepted', one)
  if (draw < 0.65) return toDesk('case.declined', one)
  if (draw < 0.78) return toDesk('case.returned', { ...one, agreed: '退款 refund' })
  if (draw < 0.84) return toDesk('case.transferred', { ...one, to: { agent: some(random, 'agent', AGENTS) } })
  if (draw < 0.9) return toDesk('agent.offline', { agent, release: draw < 0.87 })
  if (draw < 0.97) return { kind: HELPED_KIND, id: of, type: 'message.received', data: { role: 'agent', agent, text: text(random) } }
  return { kind: HELPED_KIND, id: of, type: 'case.resolved', data: { by: agent } }
}

/** All applications. Numbers of actors say how often each kind is drawn. */
export const APPLICATIONS: readonly Application[] = [
  {
    kind: 'support',
    actors: 16,
    sendsMax: 6,
    draw: (random) => ({ type: 'message.received', data: { role: 'user', text: text(random) } }),
  },
  {
    kind: HELPED_KIND,
    actors: HELPED,
    draw: (random) => ({
      type: 'message.received',
      data: { role: 'user', text: random() < 0.5 ? oneOf(random, ['转人工', 'I want to talk to a human']) : text(random) },
    }),
  },
  { kind: DESK_KIND, actors: 1, draw: () => ({ type: 'team.set', data: { sla: { firstReply: '5s' }, offerFor: '5s', awayAfter: '1m' } }) },
  {
    kind: 'agent',
    actors: AGENTS,
    // He vanishes, and another one comes.
    sendsMax: 20,
    draw: (random, agent, sends) => ({ type: 'agent.acts', data: drawAct(random, agent, sends) }),
  },
  {
    kind: 'reminder',
    actors: 8,
    sendsMax: 5,
    draw(random, _, sends) {
      if (sends === 0)
        return { type: 'appointment.booked', data: { at: appointmentIn(6 + pick(random, 4)), what: '牙医 dentist', lang: 'zh' } }
      if (random() < 0.15) return { type: 'appointment.cancelled', data: {} }
      if (random() < 0.2) return { type: 'appointment.confirmed', data: {} }
      return { type: 'appointment.moved', data: { at: appointmentIn(6 + pick(random, 4)) } }
    },
  },
  {
    kind: 'schedule',
    actors: 6,
    draw(random, actorId, sends) {
      if (sends > 0 && random() < 0.1) return { type: 'schedule.removed', data: {} }
      const order = { side: 'buy', quantity: 1 + numberOf(actorId) }
      const to = { kind: 'trade', id: some(random, 'trade', TRADES), type: 'order.placed', data: order }
      return { type: 'schedule.set', data: { every: momentIn(2 + pick(random, 5)), ...to } }
    },
  },
  {
    kind: 'item',
    actors: ITEMS,
    draw(random, actorId, sends) {
      const topics = [oneOf(random, ['tea', 'travel', '茶具', '手机'])]
      const draw = random()
      if (sends === 0 || draw < 0.3) return { type: 'item.offered', data: { title: `Item ${actorId}`, topics } }
      return draw < 0.6 ? { type: 'item.withdrawn', data: {} } : { type: 'item.changed', data: { topics } }
    },
  },
  {
    kind: 'interest',
    actors: 24,
    draw(random) {
      const draw = random()
      const item = some(random, 'item', ITEMS)
      if (draw < 0.4) return { type: 'recommendations.asked', data: { count: 5, ...(draw < 0.1 && { keepFresh: true }) } }
      const type = oneOf(random, ['item.browsed', 'item.liked', 'item.unliked', 'item.bought', 'item.returned', 'item.disliked'])
      return { type, data: { item } }
    },
  },
  {
    kind: 'post',
    actors: 32,
    sendsMax: 30,
    draw(random, actorId, sends) {
      if (sends === 0) {
        return { type: 'post.published', data: { author: applicationActor('author', numberOf(actorId) % AUTHORS), text: text(random) } }
      }
      const draw = random()
      const by = account(random)
      if (draw < 0.02) return refused('post.published', { author: 'somebody_else', text: text(random) })
      if (draw < 0.6) return { type: 'post.liked', data: { by } }
      if (draw < 0.7) return { type: 'post.unliked', data: { by } }
      if (draw < 0.85) return { type: 'post.commented', data: { by, text: text(random) } }
      return { type: 'post.shared', data: { by } }
    },
  },
  { kind: 'author', actors: AUTHORS, draw: (random) => ({ type: 'search.made', data: { text: text(random) } }) },
  {
    kind: 'template',
    actors: TEMPLATES,
    draw(random, _, sends) {
      if (sends > 0 && random() < 0.1) return refused('template.set', { text: '{% if %}', lang: 'en' })
      return { type: 'template.set', data: { text: `Revision ${sends}x${pick(random, 100)}, 数 {{ n }}`, lang: 'en' } }
    },
  },
  {
    kind: 'document',
    actors: 12,
    draw(random, actorId, sends) {
      const data = { n: pick(random, 1_000) }
      const template = applicationActor('template', numberOf(actorId) % TEMPLATES)
      if (sends === 0 || random() < 0.05) return { type: 'document.set', data: { template, data, formats: ['markdown'] } }
      if (random() < 0.05) return refused('approval.given', { version: 99_999, by: 'ada' })
      return { type: 'document.changed', data: { data } }
    },
  },
  {
    kind: 'strategy',
    actors: STRATEGIES,
    draw(random, _, sends) {
      const draw = random()
      if (sends > 0 && draw < 0.1) return { type: 'strategy.reset', data: {} }
      const plain = (id: string) => ({ id, prompt: 'write', version: 0 })
      if (sends === 0 || draw < 0.2) {
        const arms = [plain('plain'), { ...plain('short'), length: 40 + pick(random, 3) }]
        return { type: 'strategy.set', data: { arms, feedback: '3s' } }
      }
      return { type: 'reward.given', data: { choice: `nobody-${pick(random, 1_000)}`, reward: 1, by: 'feedback' } }
    },
  },
  {
    kind: 'writer',
    actors: 20,
    sendsMax: 4,
    draw(random, _, sends) {
      const brief = { purpose: some(random, 'strategy', STRATEGIES), brief: text(random), facts: ['The parcel takes two days.'] }
      if (sends === 0) return { type: 'brief.given', data: brief }
      return random() < 0.1 ? refused('brief.given', brief) : { type: 'feedback.given', data: { rating: 1 + pick(random, 5) } }
    },
  },
  {
    kind: 'series',
    actors: SERIES,
    draw(random) {
      const readings = Array.from({ length: 1 + pick(random, 3) }, () => ({ value: pick(random, 100) }))
      return { type: 'readings.taken', data: { readings } }
    },
  },
  {
    kind: 'trigger',
    actors: 12,
    draw(random, actorId, sends) {
      if (sends > 0)
        return random() < 0.05 ? refused('trigger.set', { series: 'x', when: 'value >' }) : { type: 'alert.seen', data: { by: 'ada' } }
      const order = {
        to: 'actor',
        kind: 'trade',
        id: some(random, 'trade', TRADES),
        type: 'order.placed',
        data: { side: 'sell', quantity: 1 },
      }
      const escalation = [{ after: '0s', actions: [{ to: 'chat', url: 'http://127.0.0.1:9/x', format: 'slack' }, order] }]
      const conditions = { when: 'value > 85.0', clear: 'value < 50.0' }
      const series = applicationActor('series', numberOf(actorId) % SERIES)
      return { type: 'trigger.set', data: { series, ...conditions, hold: '0s', priority: 'normal', lang: 'en', escalation } }
    },
  },
  {
    kind: 'trade',
    actors: TRADES,
    draw(random) {
      const draw = random()
      if (draw < 0.1) return { type: 'trading.stopped', data: { by: 'ada' } }
      if (draw < 0.3) return { type: 'trading.resumed', data: { by: 'ada' } }
      return { type: 'order.placed', data: { side: 'buy', quantity: 1 + pick(random, 3) } }
    },
  },
]

/** Draws the next message to an actor of an application. @param sends messages that the actor had before */
export function drawApplicationMessage(
  application: Application,
  random: () => number,
  { id, actorId, sends }: { readonly id: string; readonly actorId: string; readonly sends: number },
): ChaosMessage {
  const message = chaosMessage({ id, actorId, kind: application.kind, ...application.draw(random, actorId, sends) })
  // A desk hears from all its cases, and remembers its last 32 inputs: a copy may come later than that.
  return application.kind === DESK_KIND ? { ...message, needsMsgId: true } : message
}
