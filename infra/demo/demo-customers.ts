import type { Cue } from './play-script.ts'

/** Pause between the messages of a customer. */
const PAUSE_MS = 3_000

/** Customers who say who they are, and come again in another conversation. */
const SAYS: readonly (readonly [customer: string, conversation: string, text: string])[] = [
  ['customer-li', 'known-1', '以后叫我小李就行，我喜欢音箱。'],
  ['customer-kate', 'known-2', 'Please call me Kate. I am vegetarian.'],
  ['customer-kate', 'known-2', 'How long does shipping to Norway take?'],
  ['customer-li', 'known-3', '你好'],
  ['customer-kate', 'known-4', 'Hello'],
  ['customer-kate', 'known-4', "Don't call me that, call me Ms Berg."],
  ['customer-kate', 'known-5', 'Hello'],
]

/** After the people of the desk have gone: who opens the desk in the console is asked to take these. */
const LATE_MS = 120_000
const LATE: readonly (readonly [conversation: string, text: string])[] = [
  ['late-en', 'I want to talk to a person about my refund'],
  ['late-zh', '我要找人工客服，退款一直没到账'],
]

export const customerCues = (tenant: string): Cue[] => [
  ...SAYS.map(([customer, id, text], at): Cue => {
    const data = { role: 'user', text, customer }
    return { atMs: at * PAUSE_MS, address: { tenant, kind: 'support', id }, input: { ...named(at), type: 'message.received', data } }
  }),
  ...LATE.map(([id, text], index): Cue => {
    const data = { role: 'user', text, customer: `customer-${id}` }
    const atMs = LATE_MS + index * PAUSE_MS
    return { atMs, address: { tenant, kind: 'support', id }, input: { ...named(0), type: 'message.received', data } }
  }),
  {
    atMs: SAYS.length * PAUSE_MS,
    address: { tenant, kind: 'interest', id: 'visitor-li' },
    input: { ...named(SAYS.length), type: 'recommendations.asked', data: { count: 3, customer: 'customer-li' } },
  },
]

const TALK: readonly (readonly [participant: string, text: string])[] = [
  ['小李', '你好，退货处在哪里？'],
  ['Ann', 'Hello! The returns desk is next to the entrance.'],
  ['小李', '谢谢，我十分钟后到，订单号是4711。'],
  ['Ann', 'Good, I will wait for you at the returns desk.'],
]

/** A conversation of two languages. Without a language model both read the originals. */
export const translationCues = (tenant: string, id = 'two-languages'): Cue[] =>
  [
    { type: 'participant.joined', data: { participant: 'Ann', lang: 'en' } },
    { type: 'participant.joined', data: { participant: '小李', lang: 'zh' } },
    ...TALK.map(([participant, text]) => ({
      type: 'message.received',
      data: { role: participant === 'Ann' ? 'agent' : 'user', participant, text },
    })),
  ].map((input, at) => ({ atMs: at * PAUSE_MS, address: { tenant, kind: 'translation', id }, input: { ...named(at), ...input } }))

const named = (at: number) => ({ id: `demo-${at + 1}`, source: 'demo' })
