import { setTimeout as delay } from 'node:timers/promises'
import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { SCHEDULE_KIND } from '../../actors/kinds/schedule/kind.ts'
import type { Sender } from '../../pipeline/producer/input-sender.ts'
import { caseOffered, DEFAULT_TEAM, DESK_KIND, deskAssigned } from '../../schemas/desk-events.ts'
import { parseJson } from '../../schemas/json.ts'
import type { Address } from '../../schemas/subjects.ts'
import { type Cue, playScript } from './play-script.ts'

const SECOND_MS = 1_000
/** How long the people of the demo are at their desk. */
const SHIFT_MS = 100 * SECOND_MS
const SIGN_MS = 20 * SECOND_MS
/** From an offer to its answer, from then to the first words, and from those to the end. */
const THINKS_MS = 2 * SECOND_MS
const WRITES_MS = 4 * SECOND_MS
const ENDS_MS = 6 * SECOND_MS

const PEOPLE = [
  { agent: 'Ann', languages: ['en'], skills: ['appointments'] },
  { agent: '李娜', languages: ['zh', 'en'], skills: ['appointments'] },
  { agent: 'Omar', languages: ['en', 'zh'], capacity: 1 },
]
/**
 * Calls that people have to make: each is asked for by a schedule, which is its case. Besides, `support` asks for people where it has a
 * desk.
 */
const CALLS = [
  { id: 'nianjian', atSecond: 8, lang: 'zh', summary: '车辆年检未确认，请致电客户。' },
  { id: 'vaccination', atSecond: 12, lang: 'en', summary: 'The vaccination is not confirmed: please call.' },
  { id: 'massage', atSecond: 14, lang: 'en', summary: 'The massage is not confirmed: please call.', priority: 'high' },
  { id: 'yake', atSecond: 30, lang: 'zh', summary: '牙科检查未确认，请致电客户。' },
  { id: 'haircut', atSecond: 34, lang: 'en', summary: 'The haircut is not confirmed: please call.', skill: 'appointments' },
  { id: 'tijian', atSecond: 40, lang: 'zh', summary: '年度体检被取消，请询问新的时间。', priority: 'low' },
]

/** Has the schedule of a call tell the desk something at a time, which is due once a year. */
function tellAt(atMs: number, type: string, data: Record<string, unknown>) {
  const at = new Date(atMs)
  const time = [at.getUTCSeconds(), at.getUTCMinutes(), at.getUTCHours(), at.getUTCDate(), at.getUTCMonth() + 1]
  return { type: 'schedule.set', source: 'demo', data: { every: `${time.join(' ')} *`, kind: DESK_KIND, id: DEFAULT_TEAM, type, data } }
}

/** The team, its people, who are there for a while, and the calls that they have to make. */
function deskCues(tenant: string, nowMs: number): Cue[] {
  const address = { tenant, kind: DESK_KIND, id: DEFAULT_TEAM }
  const signs = Array.from({ length: SHIFT_MS / SIGN_MS }, (_, index) => index * SIGN_MS)
  return [
    {
      atMs: 0,
      address,
      input: { type: 'team.set', id: 'demo-team', source: 'demo', data: { sla: { firstReply: '20s' }, offerFor: '10s' } },
    },
    ...CALLS.map(({ id, atSecond, ...call }) => {
      const dueMs = nowMs + atSecond * SECOND_MS
      const data = { reason: 'unconfirmed', since: new Date(dueMs).toISOString(), ...call }
      return { atMs: 0, address: callAddress(tenant, id), input: { ...tellAt(dueMs, 'case.waiting', data), id: `demo-call-${id}` } }
    }),
    ...signs.flatMap((atMs) =>
      PEOPLE.map((data) => ({ atMs, address, input: { type: 'agent.online', id: `demo-${data.agent}-${atMs}`, source: 'demo', data } })),
    ),
    ...PEOPLE.map(({ agent }) => ({
      atMs: SHIFT_MS,
      address,
      input: { type: 'agent.offline', id: `demo-${agent}-goes`, source: 'demo', data: { agent, release: true } },
    })),
  ]
}

const callAddress = (tenant: string, id: string): Address => ({ tenant, kind: SCHEDULE_KIND, id: `call-${id}` })

const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('case.offered'), id: z.string(), data: caseOffered }),
  z.object({ type: z.literal('case.assigned'), id: z.string(), data: deskAssigned }),
])

const WORDS = {
  zh: ['您好，我是客服，我来帮您处理。', '已与客户谈妥。'],
  en: ['Hello, I am a colleague and look after this.', 'Agreed with the customer.'],
} as const

/**
 * Plays the people of a team: they come, take what is offered to them, write, and give the case back or close it. Omar declines each second
 * offer. Ends when their shift is over.
 */
export async function playDesk(nc: NatsConnection, sender: Pick<Sender, 'send'>, tenant: string, signal: AbortSignal): Promise<void> {
  const address = { tenant, kind: DESK_KIND, id: DEFAULT_TEAM }
  let [offersToOmar, assigned] = [0, 0]
  const acts = new Set<Promise<void>>()
  const later = (steps: () => Promise<void>): void => {
    const act = steps()
      .catch(() => signal.throwIfAborted())
      .finally(() => acts.delete(act))
    acts.add(act)
  }
  const subscription = nc.subscribe(`out.${tenant}.${DESK_KIND}.${DEFAULT_TEAM}.>`, {
    callback: (error, message) => {
      const event = error === null ? eventSchema.safeParse(parseJson(message.string())).data : undefined
      if (event === undefined) return
      const { id } = event
      const { case: ref, agent } = event.data
      const toDesk = (type: string, data: Record<string, unknown>): Promise<unknown> =>
        sender.send(address, { type, id: `demo-${type}-${id}`, source: 'demo', data: { case: ref, agent, ...data } })
      if (event.type === 'case.offered') {
        const isWanted = agent !== 'Omar' || offersToOmar++ % 2 === 0
        later(async () => {
          await delay(THINKS_MS, undefined, { signal })
          await toDesk(isWanted ? 'case.accepted' : 'case.declined', {})
        })
        return
      }
      const [kind = '', actor = ''] = ref.split('/')
      const one = { tenant, kind, id: actor }
      const [hello, done] = WORDS[agent === '李娜' ? 'zh' : 'en']
      const isReturned = assigned++ % 3 === 0
      later(async () => {
        await delay(WRITES_MS, undefined, { signal })
        const said = { role: 'agent', text: hello, agent }
        if (kind === 'support') await sender.send(one, { type: 'message.received', id: `demo-says-${id}`, source: 'demo', data: said })
        await delay(ENDS_MS, undefined, { signal })
        if (isReturned) await toDesk('case.returned', { agreed: done })
        else if (kind === 'support') {
          await sender.send(one, { type: 'case.resolved', id: `demo-resolves-${id}`, source: 'demo', data: { by: agent } })
        } else {
          const input = tellAt(Date.now() + 2 * SECOND_MS, 'case.ended', { outcome: 'resolved' })
          await sender.send(one, { ...input, id: `demo-ends-${id}` })
        }
      })
    },
  })
  try {
    await playScript(deskCues(tenant, Date.now()), sender, signal)
    await Promise.all(acts)
  } finally {
    subscription.unsubscribe()
  }
}
