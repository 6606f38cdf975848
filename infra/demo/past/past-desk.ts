import type { z } from 'zod'
import { caseOffered, DESK_KIND, deskAssigned } from '../../../schemas/desk-events.ts'
import { between, chanceOf, oneOf } from './chance.ts'
import type { Language, Visitors } from './past-visitors.ts'
import { type Arrival, arrival, type PastPart } from './simulate-past.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const SOURCE = 'desk'
/** The office is open from the first hour to before the second, UTC. */
const OFFICE_HOURS = [7, 18] as const
const TEAM = {
  hours: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '07:00', to: '18:00' }],
  sla: { firstReply: '15m', nextReply: '20m', resolution: '4h' },
  offerFor: '2m',
  // An agent says once a day that he is there.
  awayAfter: '12h',
}
const AGENTS = [
  { agent: 'Mei', languages: ['zh', 'en'] },
  { agent: 'Jonas', languages: ['en'] },
  { agent: 'Amara', languages: ['en'], capacity: 2 },
  { agent: '李雷', languages: ['zh', 'en'] },
] as const
/** Those who are there at weekends, and on the bad day, when the others are ill. */
const FEW = 2
const WORDS: Readonly<Record<Language, readonly string[]>> = {
  en: [
    'Hello, I have read what you wrote. I am looking into it now.',
    'Thank you for waiting. I have passed this on to the warehouse, and you will get an e-mail today.',
    'I have refunded the shipping. Is there anything else?',
  ],
  zh: ['您好，您写的我都看了，正在为您查询。', '让您久等了，我已经转给仓库，今天会给您发邮件。', '运费已经退给您了，还有别的需要吗？'],
}
/** What people know and the knowledge does not: their replies are the drafts of articles. */
const KNOWN: Readonly<Record<Language, { readonly about: RegExp; readonly text: string }>> = {
  en: {
    about: /store in Paris|your batteries|sustainability report/,
    text:
      'We have no stores: try the headphones at home, and send them back within 30 days. Our batteries are made by Tessera in Győr, and '
      + 'hold no cobalt. The sustainability report is sent by e-mail to everybody who asks for it.',
  },
  zh: {
    about: /实体店|上市|电池供应商/,
    text: '我们是网店，没有实体店，耳机可以在家试用，30 天内可退。公司目前没有上市的计划。电池由匈牙利的 Tessera 公司供应，不含钴。',
  },
}
const AGREED: Readonly<Record<Language, string>> = { en: 'The parcel comes again tomorrow.', zh: '包裹明天再送一次。' }

export interface PastDeskOptions {
  readonly tenant: string
  readonly team: string
  readonly visitors: Visitors
  readonly fromMs: number
  readonly untilMs: number
  isBadDay(atMs: number): boolean
}

/**
 * The people of a desk: they come and go, take what is offered to them or do not, write, and resolve a case, return it to the machine or
 * transfer it. The cases are those that `support` hands over.
 */
export function createPastDesk({ tenant, team, visitors, fromMs, untilMs, isBadDay }: PastDeskOptions): PastPart {
  const desk = { tenant, kind: DESK_KIND, id: team }
  const toDesk = (atMs: number, id: string, type: string, data: object): Arrival => arrival(desk, atMs, id, SOURCE, type, data)

  const arrivals = [toDesk(fromMs, 'past-team', 'team.set', TEAM)]
  const [opens, closes] = OFFICE_HOURS
  for (let dayMs = fromMs; dayMs < untilMs; dayMs += DAY_MS) {
    const isQuiet = isBadDay(dayMs) || [0, 6].includes(new Date(dayMs).getUTCDay())
    const first = between(0, AGENTS.length - 1, dayMs, 'shift')
    const there = isQuiet ? Array.from({ length: FEW }, (_, index) => AGENTS[(first + index) % AGENTS.length]) : AGENTS
    for (const one of there) {
      if (one === undefined) continue
      const lateMs = between(0, 12 * MINUTE_MS, dayMs, one.agent, 'late')
      const comesMs = dayMs + opens * HOUR_MS + lateMs
      const goesMs = dayMs + closes * HOUR_MS + lateMs
      arrivals.push(toDesk(comesMs, `past-${one.agent}-${comesMs}`, 'agent.online', one))
      arrivals.push(toDesk(goesMs, `past-${one.agent}-${goesMs}`, 'agent.offline', { agent: one.agent, release: true }))
    }
  }

  const answerOffer = (offered: z.output<typeof caseOffered>, id: string, atMs: number): Arrival[] => {
    const { case: ref, agent } = offered
    const mood = chanceOf(id, 'mood')
    // Some do not answer at all.
    if (mood > 0.94) return []
    const type = mood > 0.88 ? 'case.declined' : 'case.accepted'
    return [toDesk(atMs + between(5, 90, id, 'thinks') * SECOND_MS, `past-${id}`, type, { case: ref, agent })]
  }
  const handle = ({ case: ref, agent }: z.output<typeof deskAssigned>, id: string, atMs: number): readonly Arrival[] => {
    const [kind = '', actor = ''] = ref.split('/')
    const lang = visitors.languageOf(actor)
    if (lang === undefined) return []
    const address = { tenant, kind, id: actor }
    const slow = isBadDay(atMs) ? 5 : 1
    const later = (afterMs: number, least: number, most: number, what: string): number =>
      afterMs + slow * between(least * SECOND_MS, most * SECOND_MS, id, what)
    const says = (saidMs: number, what: string, text = oneOf(WORDS[lang], id, what)): Arrival =>
      arrival(address, saidMs, `past-${what}-${id}`, SOURCE, 'message.received', { role: 'agent', agent, text })
    const known = KNOWN[lang].about.test(visitors.saidBy(actor)) ? KNOWN[lang].text : undefined
    const helloMs = later(atMs, 40, 240, 'hello')
    const askedMs = later(helloMs, 60, 400, 'asked')
    const againMs = later(askedMs, 60, 600, 'again')
    const endMs = later(againMs, 120, 900, 'end')
    const talk = [says(helloMs, 'hello', known), ...visitors.replyTo(actor, askedMs), says(againMs, 'again')]
    const end = chanceOf(id, 'end')
    if (end < 0.1) {
      const to = { agent: oneOf(AGENTS, id, 'to').agent }
      return [says(helloMs, 'hello', known), toDesk(askedMs, `past-on-${id}`, 'case.transferred', { case: ref, agent, to })]
    }
    if (end < 0.35) {
      const returned = toDesk(endMs, `past-returns-${id}`, 'case.returned', { case: ref, agent, agreed: AGREED[lang] })
      return [...talk, returned, ...visitors.leave(actor, endMs)]
    }
    const resolved = arrival(address, endMs, `past-resolves-${id}`, SOURCE, 'case.resolved', { by: agent })
    return [...talk, resolved, ...visitors.leave(actor, endMs)]
  }

  return {
    arrivals,
    react({ atMs, address, record }) {
      if (address.kind !== DESK_KIND || address.id !== team) return []
      return record.emitted.flatMap(({ type, id, data }) => {
        if (type === 'case.offered') return answerOffer(caseOffered.parse(data), id, atMs)
        return type === 'case.assigned' ? handle(deskAssigned.parse(data), id, atMs) : []
      })
    },
  }
}
