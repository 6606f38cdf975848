import type { Address } from '../../../schemas/subjects.ts'
import { between, chanceOf, oneOf } from './chance.ts'
import type { Arrival, Happened } from './simulate-past.ts'

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

type Language = 'en' | 'zh'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const VISITS_A_DAY = { week: [14, 22], weekend: [4, 9], bad: [30, 34] } as const
/** Customers; who comes again is known. */
const CUSTOMERS = 260
/** Visits at each hour of the day in UTC, relative to each other: Asia's morning, Europe's day. */
const HOURS = [2, 3, 5, 6, 5, 4, 5, 7, 9, 10, 9, 7, 7, 8, 8, 7, 6, 5, 4, 4, 3, 2, 1, 1]
/** People are at the desk from the first hour to before the second, UTC. */
const DESK_HOURS = [7, 18] as const
const AGENTS = ['Mei', 'Jonas', 'Amara', '李雷'] as const
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
const AGENT_WORDS: Readonly<Record<Language, readonly string[]>> = {
  en: [
    'Hello, I have read what you wrote. I am looking into it now.',
    'Thank you for waiting. I have passed this on to the warehouse, and you will get an e-mail today.',
    'I have refunded the shipping. Is there anything else?',
  ],
  zh: ['您好，您写的我都看了，正在为您查询。', '让您久等了，我已经转给仓库，今天会给您发邮件。', '运费已经退给您了，还有别的需要吗？'],
}

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

/**
 * The customers of some weeks, and the people of the support desk: they write, wait for the reply, ask on, rate, and some come again.
 */
export function createVisitors({ tenant, texts, fromMs, untilMs, isBadDay }: VisitorOptions) {
  const visits = new Map<string, Visit>()

  const message = (visit: Visit, atMs: number): Arrival => {
    const text = visit.turns[visit.said] ?? ''
    visit.said += 1
    const { address, id, customer, channel } = visit
    return input(address, atMs, `${id}-m${visit.said}`, channel, 'message.received', { role: 'user', text, customer, channel })
  }
  const begin = (id: string, atMs: number): Arrival => {
    const lang = chanceOf(id, 'lang') < 0.45 ? 'zh' : 'en'
    const { conversations, questions } = texts[lang]
    const singles = Array.from({ length: between(1, 3, id, 'turns') }, (_, index) => oneOf(questions, id, index))
    const visit: Visit = {
      id,
      address: { tenant, kind: 'support', id },
      lang,
      customer: `customer-${between(1, CUSTOMERS, id, 'customer')}`,
      channel: oneOf(CHANNELS, id, 'channel'),
      turns: chanceOf(id, 'talks') < 0.4 ? oneOf(conversations, id) : singles,
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
    if (chanceOf(id, 'rates') > 0.45) return []
    const isBad = isBadDay(atMs - (atMs % DAY_MS)) || chanceOf(id, 'mood') < (visit.isWithPerson ? 0.35 : 0.2)
    const rating = isBad ? between(1, 3, id, 'stars') : between(4, 5, id, 'stars')
    const comment = chanceOf(id, 'comments') < 0.4 ? { comment: oneOf(COMMENTS[lang][isBad ? 'bad' : 'good'], id, 'comment') } : {}
    return [input(address, atMs + between(10_000, 60_000, id, 'rated'), `${id}-rating`, channel, 'feedback.given', { rating, ...comment })]
  }
  /** A person takes the case as soon as the desk is there, writes, and closes it. */
  const handOver = (visit: Visit, atMs: number): Arrival[] => {
    visit.isWithPerson = true
    const { id, address, lang } = visit
    const agent = oneOf(AGENTS, id, 'agent')
    const takenMs = openFrom(atMs) + between(1, 18, id, 'taken') * MINUTE_MS
    const wroteMs = takenMs + between(1, 4, id, 'wrote') * MINUTE_MS
    const doneMs = wroteMs + between(3, 25, id, 'done') * MINUTE_MS
    return [
      input(address, takenMs, `${id}-taken`, 'desk', 'case.taken', { agent }),
      input(address, wroteMs, `${id}-a1`, 'desk', 'message.received', { role: 'agent', agent, text: oneOf(AGENT_WORDS[lang], id) }),
      input(address, doneMs, `${id}-done`, 'desk', 'case.resolved', { by: agent }),
      ...(visit.isOver ? [] : leave(visit, doneMs)),
    ]
  }

  return {
    arrivals,
    react({ atMs, address, record }: Happened): readonly Arrival[] {
      const visit = visits.get(address.id)
      if (visit === undefined || address.kind !== 'support' || visit.isWithPerson) return []
      if (record.emitted.some(({ type }) => type === 'escalated')) return handOver(visit, atMs)
      if (visit.isOver) return []
      const isReply = record.emitted.some(({ type, data }) => type === 'message.sent' && data['replyTo'] === `${visit.id}-m${visit.said}`)
      if (!isReply) return []
      if (visit.said === visit.turns.length) return leave(visit, atMs)
      return [message(visit, atMs + between(8_000, 90_000, visit.id, visit.said))]
    },
  }
}

const input = (address: Address, atMs: number, id: string, source: string, type: string, data: object): Arrival => ({
  atMs,
  address,
  body: { type, id, source, time: new Date(atMs).toISOString(), data },
})

function hourOf(dayMs: number, count: number): number {
  let left = chanceOf(dayMs, count, 'hour') * HOURS.reduce((sum, weight) => sum + weight, 0)
  return Math.max(
    0,
    HOURS.findIndex((weight) => (left -= weight) < 0),
  )
}

/** This time, or the next one at which the desk is open. */
function openFrom(atMs: number): number {
  const dayMs = atMs - (atMs % DAY_MS)
  const [opens, closes] = DESK_HOURS
  if (atMs < dayMs + opens * HOUR_MS) return dayMs + opens * HOUR_MS
  return atMs < dayMs + closes * HOUR_MS ? atMs : dayMs + DAY_MS + opens * HOUR_MS
}
