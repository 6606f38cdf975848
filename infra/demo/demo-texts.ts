import { newStrategy, seedOf, type StrategyContext, withArms, withChoice, withReward } from '../../actors/kinds/strategy/choices.ts'
import { type Arm, armSchema, STRATEGY_KIND, WRITER_KIND } from '../../schemas/writing-events.ts'
import type { Cue } from './play-script.ts'

const SOURCE = 'demo'
/** Seconds that it takes. */
export const TEXTS_SECONDS = 90
/** Choices that the demo makes and rewards, one each second. */
const ROUNDS = 80

interface Purpose {
  readonly id: string
  readonly arms: readonly Arm[]
  /** What a reader thinks of a text of each arm, by the id of the arm. */
  readonly liked: Readonly<Record<string, number>>
  readonly briefs: readonly { readonly brief: string; readonly facts: readonly string[] }[]
}

const arms = (...given: readonly { id: string; tone?: string; length?: number }[]): Arm[] => given.map((one) => armSchema.parse(one))

const PURPOSES: readonly Purpose[] = [
  {
    id: 'news',
    arms: arms({ id: 'plain', length: 120 }, { id: 'short', length: 40 }, { id: 'friendly', tone: 'friendly', length: 80 }),
    liked: { plain: 0.4, short: 0.55, friendly: 0.8 },
    briefs: [
      {
        brief: 'Tell customers that the shop opens on Sundays.',
        facts: ['From May on, the shop is open on Sundays.', 'It opens from 10 to 16.'],
      },
      {
        brief: 'Announce free repairs for bicycles.',
        facts: ['In April, repairs of brakes are free.', 'Bring the bicycle and the receipt.'],
      },
    ],
  },
  {
    id: 'xuanchuan',
    arms: arms({ id: 'jianjie', length: 60 }, { id: 'reqing', tone: '热情', length: 120 }),
    liked: { jianjie: 0.75, reqing: 0.45 },
    briefs: [{ brief: '告诉顾客本店周日也营业。', facts: ['五月起，本店周日营业。', '营业时间为十点到十六点。'] }],
  },
]

/**
 * Strategies of the tenant that learn, and briefs for its writers. Without a language model the writers list the facts. A choice follows
 * from state, source and id, so that the script knows which arm each round will choose.
 */
export const textCues = (tenant: string, source = SOURCE): Cue[] =>
  PURPOSES.map((purpose) => (source === SOURCE ? purpose : { ...purpose, id: `${source}-${purpose.id}` })).flatMap((purpose) => [
    ...learning(tenant, purpose, source),
    ...writing(tenant, purpose, source),
  ])

function learning(tenant: string, { id, arms: given, liked }: Purpose, source: string): Cue[] {
  const address = { tenant, kind: STRATEGY_KIND, id }
  const cue = (atMs: number, type: string, name: string, data: Cue['input']['data']): Cue => ({
    atMs,
    address,
    input: { type, id: `demo-${name}`, source, data },
  })
  let context: StrategyContext = withArms(newStrategy, given, '0s').context
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    const choice = `demo-${round + 1}`
    const made = withChoice(context, choice, seedOf({ source, id: `demo-ask-${round + 1}` }))
    const reward = liked[made.arm.id] ?? 0
    context = withReward(made.context, choice, reward)
    const atMs = 1_000 * (round + 1)
    return [
      cue(atMs, 'choice.asked', `ask-${round + 1}`, { choice }),
      cue(atMs + 500, 'reward.given', `reward-${round + 1}`, { choice, reward }),
    ]
  })
  return [cue(0, 'strategy.set', 'set', { arms: [...given], feedback: '0s' }), ...rounds.flat()]
}

const writing = (tenant: string, { id, briefs }: Purpose, source: string): Cue[] =>
  briefs.map(({ brief, facts }, index) => ({
    // After the last round: what the strategy has learned decides.
    atMs: 1_000 * (ROUNDS + 2 + index),
    address: { tenant, kind: WRITER_KIND, id: `${id}-${index + 1}` },
    input: { type: 'brief.given', id: 'demo-brief', source, data: { purpose: id, brief, facts: [...facts] } },
  }))
