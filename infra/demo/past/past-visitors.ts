import type { Address } from '../../../schemas/subjects.ts'
import { GOOD_FROM } from '../../reporting/answer-rows.ts'
import { between, chanceOf, oneOf } from './chance.ts'
import { type Arrival, arrival, type Happened, type PastPart } from './simulate-past.ts'

/** What visitors say, by language: whole conversations, and questions that stand alone. */
export interface VisitorTexts {
  readonly conversations: readonly (readonly string[])[]
  readonly questions: readonly string[]
}

export interface VisitorOptions {
  readonly tenant: string
  readonly texts: Readonly<Record<Language, VisitorTexts>>
  readonly fromMs: number
  readonly untilMs: number
  isBadDay(atMs: number): boolean
}

export type Language = 'en' | 'zh'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const VISITS_A_DAY = { week: [14, 22], weekend: [4, 9], bad: [30, 34] } as const
/** Customers; who comes again is known. */
const CUSTOMERS = 260
/** Visits at each hour of the day in UTC, relative to each other: Asia's morning, Europe's day. */
const HOURS = [2, 3, 5, 6, 5, 4, 5, 7, 9, 10, 9, 7, 7, 8, 8, 7, 6, 5, 4, 4, 3, 2, 1, 1]
const CHANNELS = ['web', 'web', 'app', 'e-mail'] as const
const COMMENTS: Readonly<Record<Language, Readonly<Record<'good' | 'bad', readonly string[]>>>> = {
  en: {
    good: ['Quick and clear', 'Exactly what I needed', 'Better than waiting on the phone'],
    bad: ['It did not understand my question', 'Too slow today', 'I had to ask three times', 'A person should have answered at once'],
  },
  zh: {
    good: ['回复很快，很清楚', '正好解决了我的问题', '比打电话方便'],
    bad: ['没听懂我的问题', '今天太慢了', '问了三遍才明白', '应该早点转人工'],
  },
}
/** What customers write to a person. */
const THANKS: Readonly<Record<Language, readonly string[]>> = {
  en: ['Thanks. How long will that take?', 'All right, I will wait.', 'Can you send me a confirmation?'],
  zh: ['好的，大概要多久？', '知道了，我等一下。', '能给我发个确认吗？'],
}
/** What some say of themselves before they ask. */
const TELLS: Readonly<Record<Language, readonly string[]>> = {
  en: ['Please call me Kate.', 'I am vegetarian.', 'I live in Leeds.', 'I like headphones.', 'I am allergic to nuts.'],
  zh: ['以后叫我小李就行。', '我吃素。', '我住在青岛。', '我喜欢音箱。', '我对花生过敏。'],
}
const TELLING_SHARE = 0.1
/** Shares of the customers who judge an answer, and the case. */
const THUMBS_SHARE = 0.15
const RATING_SHARE = 0.45

interface Visit {
  readonly id: string
  readonly address: Address
  readonly lang: Language
  readonly customer: string
  readonly channel: string
  readonly turns: readonly string[]
  /** Turns that have been said. */
  said: number
  isWithPerson: boolean
  isOver: boolean
}

/** The customers, as the people of the desk meet them. */
export interface Visitors extends PastPart {
  /** `undefined`: nobody of the past. */
  languageOf(id: string): Language | undefined
  /** What the customer has said so far, a line each. */
  saidBy(id: string): string
  /** What the customer replies to a person. */
  replyTo(id: string, atMs: number): readonly Arrival[]
  /** The person is done: what the customer thinks of it. */
  leave(id: string, atMs: number): readonly Arrival[]
}

/** The customers of some weeks: they write, wait for the reply, ask on, judge, and some come again. */
export function createVisitors({ tenant, texts, fromMs, untilMs, isBadDay }: VisitorOptions): Visitors {
  const visits = new Map<string, Visit>()

  const message = (visit: Visit, atMs: number): Arrival => {
    const text = visit.turns[visit.said] ?? ''
    visit.said += 1
    const { address, id, customer, channel } = visit
    return arrival(address, atMs, `${id}-m${visit.said}`, channel, 'message.received', { role: 'user', text, customer, channel })
  }
  const begin = (id: string, atMs: number): Arrival => {
    const lang = chanceOf(id, 'lang') < 0.45 ? 'zh' : 'en'
    const { conversations, questions } = texts[lang]
    const singles = Array.from({ length: between(1, 3, id, 'turns') }, (_, index) => oneOf(questions, id, index))
    const tells = chanceOf(id, 'tells') < TELLING_SHARE ? [oneOf(TELLS[lang], id, 'tells')] : []
    const visit: Visit = {
      id,
      address: { tenant, kind: 'support', id },
      lang,
      customer: `customer-${between(1, CUSTOMERS, id, 'customer')}`,
      channel: oneOf(CHANNELS, id, 'channel'),
      turns: [...tells, ...(chanceOf(id, 'talks') < 0.4 ? oneOf(conversations, id) : singles)],
      said: 0,
      isWithPerson: false,
      isOver: false,
    }
    visits.set(id, visit)
    return message(visit, atMs)
  }

  const arrivals: Arrival[] = []
  for (let dayMs = fromMs; dayMs < untilMs; dayMs += DAY_MS) {
    const isWeekend = [0, 6].includes(new Date(dayMs).getUTCDay())
    const [least, most] = isBadDay(dayMs) ? VISITS_A_DAY.bad : isWeekend ? VISITS_A_DAY.weekend : VISITS_A_DAY.week
    for (let count = between(least, most, dayMs); count > 0; count -= 1) {
      const atMs = dayMs + hourOf(dayMs, count) * HOUR_MS + between(0, HOUR_MS - 1, dayMs, count, 'minute')
      arrivals.push(begin(`past-${String(arrivals.length + 1).padStart(4, '0')}`, atMs))
    }
  }

  /** The customer leaves, and some rate. */
  const leave = (visit: Visit, atMs: number): Arrival[] => {
    visit.isOver = true
    const { id, address, channel, lang } = visit
    if (chanceOf(id, 'rates') > RATING_SHARE) return []
    const isBad = isBadDay(atMs) || chanceOf(id, 'mood') < (visit.isWithPerson ? 0.35 : 0.2)
    const rating = isBad ? between(1, 3, id, 'stars') : between(4, 5, id, 'stars')
    const comment = chanceOf(id, 'comments') < 0.4 ? { comment: oneOf(COMMENTS[lang][isBad ? 'bad' : 'good'], id, 'comment') } : {}
    return [
      arrival(address, atMs + between(10_000, 60_000, id, 'rated'), `${id}-rating`, channel, 'feedback.given', { rating, ...comment }),
    ]
  }
  const judge = ({ address, channel }: Visit, answer: string, isGood: boolean, atMs: number): Arrival[] =>
    chanceOf(answer, 'thumbs') < THUMBS_SHARE
      ? [arrival(address, atMs + 5_000, `${answer}-thumbs`, channel, 'feedback.given', { answer, thumbs: isGood ? 'up' : 'down' })]
      : []

  return {
    arrivals,
    react({ atMs, address, record }: Happened): readonly Arrival[] {
      const visit = visits.get(address.id)
      if (visit === undefined || address.kind !== 'support' || visit.isWithPerson) return []
      visit.isWithPerson = record.emitted.some(({ type }) => type === 'escalated')
      if (visit.isOver || visit.isWithPerson) return []
      const reply = record.emitted.find(({ type, data }) => type === 'message.sent' && data['replyTo'] === `${visit.id}-m${visit.said}`)
      if (reply === undefined) return []
      const isGood = Number(reply.data['quality'] ?? 0) >= GOOD_FROM && chanceOf(reply.id, 'mood') < 0.85
      const judged = judge(visit, reply.id, isGood, atMs)
      if (visit.said === visit.turns.length) return [...judged, ...leave(visit, atMs)]
      return [...judged, message(visit, atMs + between(8_000, 90_000, visit.id, visit.said))]
    },
    languageOf: (id) => visits.get(id)?.lang,
    saidBy(id) {
      const { turns = [], said = 0 } = visits.get(id) ?? {}
      return turns.slice(0, said).join('\n')
    },
    replyTo(id, atMs) {
      const visit = visits.get(id)
      if (visit === undefined) return []
      const { address, channel, customer } = visit
      const data = { role: 'user', text: oneOf(THANKS[visit.lang], id, atMs), customer, channel }
      return [arrival(address, atMs, `${id}-p${atMs}`, channel, 'message.received', data)]
    },
    leave(id, atMs) {
      const visit = visits.get(id)
      return visit === undefined || visit.isOver ? [] : leave(visit, atMs)
    },
  }
}

function hourOf(dayMs: number, count: number): number {
  let left = chanceOf(dayMs, count, 'hour') * HOURS.reduce((sum, weight) => sum + weight, 0)
  return Math.max(
    0,
    HOURS.findIndex((weight) => (left -= weight) < 0),
  )
}
