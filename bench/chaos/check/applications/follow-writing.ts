import { z } from 'zod'
import { armSchema, choiceMade, choiceRewarded, choicesDropped, strategyChanged } from '../../../../schemas/writing-events.ts'
import type { LoggedRecord } from '../chaos-history.ts'
import { digestOf } from '../chaos-history.ts'
import { type CreateFollower, emittedOf, entryOf, idIn, kindIn } from './follower.ts'

interface Counts {
  /** Digest of the arm as it was set. */
  readonly arm: string
  chosen: number
  rewarded: number
  reward: number
}
interface Strategy {
  readonly arms: Map<string, Counts>
  /** How each choice ended; `undefined` while it is open. */
  readonly choices: Map<string, 'dropped' | number | undefined>
}
interface Writer {
  purpose: string
  choice: string
  briefs: number
  ends: number
  reward: number | null
  state: string
}

const strategySchema = z.object({ arms: z.array(armSchema.extend({ chosen: z.number(), rewarded: z.number(), reward: z.number() })) })
const writerSchema = z.object({ choice: z.string(), reward: z.number().nullable(), writing: z.object({ purpose: z.string() }).nullable() })
const fresh = (arm: unknown): Counts => ({ arm: digestOf(arm), chosen: 0, rewarded: 0, reward: 0 })
const countsText = ({ chosen, rewarded, reward }: Omit<Counts, 'arm'>): string => `${chosen}/${rewarded}/${reward.toFixed(6)}`

/** Each brief has one end. The counts of a strategy are those of its choices and rewards, and each choice is made and ends once. */
export const followWriting: CreateFollower = (report) => {
  const strategies = new Map<string, Strategy>()
  const writers = new Map<string, Writer>()

  const takeStrategy = ({ seq, actor, record }: LoggedRecord): void => {
    const { arms, choices } = entryOf(strategies, idIn(actor), () => ({
      arms: new Map<string, Counts>([['default', fresh({ id: 'default', prompt: 'write', version: 0 })]]),
      choices: new Map<string, 'dropped' | number | undefined>(),
    }))
    const end = (choice: string, how: 'dropped' | number): void => {
      if (!choices.has(choice)) report('reward', `LOG ${seq}: ${actor} ends ${choice}, which it never made`)
      else if (choices.get(choice) !== undefined) report('reward', `LOG ${seq}: ${actor} ends ${choice} again`)
      choices.set(choice, how)
    }
    for (const data of emittedOf(record, 'strategy.changed')) {
      const changed = strategyChanged.parse(data)
      const before = new Map(arms)
      arms.clear()
      for (const arm of changed.arms) {
        const known = before.get(arm.id)
        arms.set(arm.id, changed.reason === 'set' && known?.arm === digestOf(arm) ? known : fresh(arm))
      }
    }
    for (const data of emittedOf(record, 'choice.made')) {
      const { choice, arm } = choiceMade.parse(data)
      if (choices.has(choice)) report('reward', `LOG ${seq}: ${actor} makes ${choice} again`)
      choices.set(choice, undefined)
      const counts = arms.get(arm.id)
      if (counts !== undefined) counts.chosen += 1
    }
    for (const data of emittedOf(record, 'choice.rewarded')) {
      const { choice, arm, reward } = choiceRewarded.parse(data)
      end(choice, reward)
      const counts = arms.get(arm)
      if (counts !== undefined) Object.assign(counts, { rewarded: counts.rewarded + 1, reward: counts.reward + reward })
    }
    for (const data of emittedOf(record, 'choices.dropped')) for (const choice of choicesDropped.parse(data).choices) end(choice, 'dropped')
    for (const { id, ...is } of strategySchema.parse(record.state?.context).arms) {
      const should = arms.get(id)
      if (should === undefined || countsText(is) !== countsText(should)) {
        report(
          'reward',
          `LOG ${seq}: ${actor} has ${countsText(is)} of ${id}; expected ${should === undefined ? 'no such arm' : countsText(should)}`,
        )
      }
    }
  }
  const takeWriter = ({ actor, record }: LoggedRecord): void => {
    const writer = entryOf(writers, actor, () => ({ purpose: '', choice: '', briefs: 0, ends: 0, reward: null, state: '' }))
    const { choice, reward, writing } = writerSchema.parse(record.state?.context)
    if (record.input.type === 'brief.given') writer.briefs += 1
    const ends = writer.ends + emittedOf(record, 'text.written').length + emittedOf(record, 'text.failed').length
    Object.assign(writer, { choice, reward, purpose: writing?.purpose ?? '', ends, state: record.to })
  }

  return {
    kinds: ['strategy', 'writer'],
    take: (entry) => (kindIn(entry.actor) === 'strategy' ? takeStrategy(entry) : takeWriter(entry)),
    finish() {
      for (const [actor, { purpose, choice, briefs, ends, reward, state }] of writers) {
        if (ends !== briefs) report('reward', `${actor} (${state}) has ${briefs} briefs and ${ends} texts or failures`)
        const choices = strategies.get(purpose)?.choices
        const how = choices?.get(choice)
        if (reward !== null && how !== 'dropped' && how !== reward)
          report('reward', `${actor} was rewarded by ${reward}; its strategy has ${how}`)
        if (state === 'written' && reward === null && typeof how === 'number')
          report('reward', `${actor} has no reward; its strategy has ${how}`)
      }
    },
  }
}
