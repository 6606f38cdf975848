import { isDeepStrictEqual } from 'node:util'
import { enqueueActions, setup } from 'xstate'
import { parseActorSource } from '../../../schemas/subjects.ts'
import {
  choiceAsked,
  choiceMade,
  choiceRewarded,
  choicesDropped,
  choiceWithdrawn,
  rewardGiven,
  rewardIgnored,
  STRATEGY_KIND,
  strategyChanged,
  strategyReset,
  strategySet,
} from '../../../schemas/writing-events.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { send } from '../../definition/send-action.ts'
import {
  armOf,
  armsOf,
  forgottenIn,
  newStrategy,
  openArm,
  seedOf,
  strategyContextSchema,
  withArms,
  withChoice,
  withNothingLearned,
  withoutChoice,
  withReward,
} from './choices.ts'

const kind = defineKind({
  name: STRATEGY_KIND,
  version: 1,
  context: strategyContextSchema,
  events: {
    'strategy.set': strategySet,
    'strategy.reset': strategyReset,
    'choice.asked': choiceAsked,
    'reward.given': rewardGiven,
    'choice.withdrawn': choiceWithdrawn,
  },
  emits: {
    'choice.made': choiceMade,
    'choice.rewarded': choiceRewarded,
    'choices.dropped': choicesDropped,
    'reward.ignored': rewardIgnored,
    'strategy.changed': strategyChanged,
  },
  tasks: {},
  label: ({ arms, open }) => ({
    conversation: false,
    arms: arms.length,
    open: open.length,
    chosen: arms.reduce((sum, { chosen }) => sum + chosen, 0),
    rewarded: arms.reduce((sum, { rewarded }) => sum + rewarded, 0),
    best: arms.reduce((best, arm) => (meanOf(arm) > meanOf(best) ? arm : best)).id,
  }),
})

/** The expected reward of an arm: that of Beta(1 + reward, 1 + rewarded − reward). */
const meanOf = ({ rewarded, reward }: { readonly rewarded: number; readonly reward: number }): number => (1 + reward) / (2 + rewarded)

/**
 * The kind `strategy`: how texts of a purpose are written. It chooses one of its arms for each text by Thompson sampling and learns from
 * the rewards. Before arms are set it has one, the built-in prompt. A choice follows from the state and from source and id of the input.
 */
export const strategyKind = kind.with(
  setup({
    ...kind.xstate,
    guards: {
      isNew: ({ context, event }) =>
        event.type === 'strategy.set' && !isDeepStrictEqual([armsOf(context), context.feedback], [event.data.arms, event.data.feedback]),
      isOpen: ({ context, event }) => 'choice' in event.data && openArm(context, event.data.choice) !== undefined,
    },
    actions: {
      change: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'strategy.set' && event.type !== 'strategy.reset') return
        const isSet = event.type === 'strategy.set'
        const after = isSet ? withArms(context, event.data.arms, event.data.feedback) : withNothingLearned(context)
        enqueue.assign(after.context)
        const by = isSet ? undefined : event.data.by
        const facts = { arms: armsOf(after.context), forgotten: forgottenIn(context, after.context), ...(by !== undefined && { by }) }
        enqueue.emit({ type: 'strategy.changed', data: { reason: isSet ? 'set' : 'reset', ...facts } })
        if (after.dropped.length === 0) return
        enqueue.emit({ type: 'choices.dropped', data: { choices: after.dropped, reason: isSet ? 'changed' : 'reset' } })
      }),
      choose: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'choice.asked') return
        const { choice } = event.data
        const { arm, samples, dropped, ...after } = withChoice(context, choice, seedOf(event))
        enqueue.assign(after.context)
        enqueue.emit({ type: 'choice.made', data: { choice, arm, samples } })
        if (dropped.length > 0) enqueue.emit({ type: 'choices.dropped', data: { choices: dropped, reason: 'too_many' } })
      }),
      /** After the choice: an actor that asked gets the arm, also where the choice was open before. */
      answer: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'choice.asked') return
        const [asker, arm] = [parseActorSource(event.source), openArm(context, event.data.choice)]
        if (asker === undefined || arm === undefined) return
        const data = { choice: event.data.choice, arm: armOf(arm), feedback: context.feedback }
        enqueue(send({ kind: asker.kind, id: asker.id, type: 'choice.made', data }))
      }),
      reward: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'reward.given') return
        const { choice, reward, by } = event.data
        const arm = openArm(context, choice)
        if (arm === undefined) return
        enqueue.assign(withReward(context, choice, reward))
        enqueue.emit({ type: 'choice.rewarded', data: { choice, arm: arm.id, reward, by } })
      }),
      ignore: enqueueActions(({ event, enqueue }) => {
        if (event.type !== 'reward.given') return
        const { choice, reward } = event.data
        enqueue.emit({ type: 'reward.ignored', data: { choice, reward, reason: 'not_open' } })
      }),
      withdraw: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'choice.withdrawn') return
        enqueue.assign(withoutChoice(context, event.data.choice))
        enqueue.emit({ type: 'choices.dropped', data: { choices: [event.data.choice], reason: 'withdrawn' } })
      }),
    },
  }).createMachine({
    id: STRATEGY_KIND,
    context: newStrategy,
    initial: 'active',
    states: {
      active: {
        on: {
          'strategy.set': { guard: 'isNew', actions: 'change' },
          'strategy.reset': { actions: 'change' },
          'choice.asked': [{ guard: 'isOpen', actions: 'answer' }, { actions: ['choose', 'answer'] }],
          'reward.given': [{ guard: 'isOpen', actions: 'reward' }, { actions: 'ignore' }],
          'choice.withdrawn': { guard: 'isOpen', actions: 'withdraw' },
        },
      },
    },
  }),
)
