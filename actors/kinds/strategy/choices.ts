import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { type Arm, armSchema, DEFAULT_ARM, WRITING_LIMITS } from '../../../schemas/writing-events.ts'
import { drawSamples } from './thompson.ts'

const keptArm = armSchema.extend({
  /** Unique in the strategy: an arm that is changed gets another one, so that no reward of before counts for it. */
  no: z.int().positive(),
  chosen: z.int().nonnegative(),
  rewarded: z.int().nonnegative(),
  /** Sum of the rewards. */
  reward: z.number().nonnegative(),
})
type KeptArm = z.infer<typeof keptArm>

export const strategyContextSchema = z.object({
  arms: z.array(keptArm).min(1).max(WRITING_LIMITS.armsMax),
  /** Number of the next arm. */
  next: z.int().positive(),
  feedback: z.string(),
  /** Choices without a reward, oldest first, each with the number of its arm. */
  open: z.array(z.object({ choice: z.string(), arm: z.int() })).max(WRITING_LIMITS.openMax),
})
/** The state of a strategy. */
export type StrategyContext = z.infer<typeof strategyContextSchema>
/** What a strategy does with an input: its next state and, where they are, what it tells. */
interface Changed {
  readonly context: StrategyContext
  /** Ids of choices that are not open any more. */
  readonly dropped: string[]
}

const unlearned = { chosen: 0, rewarded: 0, reward: 0 }

export const newStrategy: StrategyContext = { arms: [{ ...DEFAULT_ARM, no: 1, ...unlearned }], next: 2, feedback: '1d', open: [] }

/** An arm as it was set. */
export const armOf = ({ no: _no, chosen: _chosen, rewarded: _rewarded, reward: _reward, ...arm }: KeptArm): Arm => arm

/** The arms as they were set. */
export const armsOf = ({ arms }: StrategyContext): Arm[] => arms.map(armOf)

/** The arms in the state that a record of a strategy has; those of a strategy without records, where it has none. */
export function strategyArms(context: unknown): Arm[] {
  const read = strategyContextSchema.safeParse(context)
  return armsOf(read.success ? read.data : newStrategy)
}

/** What was learned of the arms that a later state does not have. */
export const forgottenIn = (before: StrategyContext, after: StrategyContext) =>
  before.arms
    .filter((arm) => arm.chosen > 0 && !after.arms.some(({ no }) => no === arm.no))
    .map(({ id, chosen, rewarded, reward }) => ({ arm: id, chosen, rewarded, reward }))

/** Other arms. One that is as it was keeps its counts and its open choices. */
export function withArms(context: StrategyContext, arms: readonly Arm[], feedback: string): Changed {
  let { next } = context
  const kept = arms.map((arm) => context.arms.find((one) => isDeepStrictEqual(armOf(one), arm)) ?? { ...arm, no: next++, ...unlearned })
  const isOpen = ({ arm }: StrategyContext['open'][number]): boolean => kept.some(({ no }) => no === arm)
  return {
    context: { arms: kept, next, feedback, open: context.open.filter(isOpen) },
    dropped: context.open.filter((one) => !isOpen(one)).map(({ choice }) => choice),
  }
}

/** The same arms, of which nothing is known. */
export function withNothingLearned({ arms, next, feedback, open }: StrategyContext): Changed {
  const fresh = arms.map((arm, index) => ({ ...armOf(arm), no: next + index, ...unlearned }))
  return { context: { arms: fresh, next: next + arms.length, feedback, open: [] }, dropped: open.map(({ choice }) => choice) }
}

/** The arm of an open choice. */
export function openArm({ arms, open }: StrategyContext, choice: string): KeptArm | undefined {
  const found = open.find((one) => one.choice === choice)
  return arms.find(({ no }) => no === found?.arm)
}

/** What decides the choice that an input asks for, beside the state. */
export const seedOf = ({ source, id }: { readonly source: string; readonly id: string }): string => `${source}\n${id}`

/** Makes a choice. @param seed of the input that asks */
export function withChoice(context: StrategyContext, choice: string, seed: string) {
  const samples = drawSamples(context.arms, seed)
  const [arm] = samples.reduce((best, one) => (one[1] > best[1] ? one : best))
  const open = [...context.open, { choice, arm: arm.no }]
  const tooMany = Math.max(0, open.length - WRITING_LIMITS.openMax)
  return {
    context: {
      ...context,
      arms: context.arms.map((one) => (one === arm ? { ...one, chosen: one.chosen + 1 } : one)),
      open: open.slice(tooMany),
    },
    dropped: open.slice(0, tooMany).map((one) => one.choice),
    arm: armOf(arm),
    samples: Object.fromEntries(samples.map(([{ id }, sample]) => [id, sample])),
  }
}

/** The choice is not open any more. */
export const withoutChoice = (context: StrategyContext, choice: string): StrategyContext => ({
  ...context,
  open: context.open.filter((one) => one.choice !== choice),
})

/** The choice has its reward. */
export function withReward(context: StrategyContext, choice: string, reward: number): StrategyContext {
  const arm = openArm(context, choice)
  const arms = context.arms.map((one) => (one === arm ? { ...one, rewarded: one.rewarded + 1, reward: one.reward + reward } : one))
  return withoutChoice({ ...context, arms }, choice)
}
