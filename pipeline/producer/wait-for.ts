import { type Address, partitionOf } from '../../schemas/subjects.ts'
import { createLevelWait, type LevelWait } from '../runtime/level-wait.ts'
import { unlessAborted } from '../runtime/unless-aborted.ts'
import type { DecisionFeed } from './decision-feed.ts'
import type { Handled, StoredInput } from './find-decision.ts'

/** The states that a producer can wait for: its input is decided, its events are on OUT, its rows are in the tables. */
export const WAITS = ['actor', 'out', 'tables'] as const
export type Wait = (typeof WAITS)[number]

/** The dependencies of `createWaitFor`. */
export interface WaitDeps {
  /** Shared by all who wait in this process. */
  readonly decisions: DecisionFeed
  readonly partitionCount: number
  /** LOG sequence up to which the events of a partition have been sent. */
  readonly dispatchedSeq: (partition: number) => Promise<number>
  /** LOG sequence up to which the tables are complete. */
  readonly projectedSeq: () => Promise<number>
}

/** Waits for the inputs of one actor. Create it before publishing, so that it does not miss the record. */
export interface ActorWait {
  /**
   * Call it as soon as an input is known to be stored.
   *
   * @param isNew false if it may have been stored before this wait was created
   */
  stored(input: StoredInput, isNew: boolean): InputWait
  stop(): void
}

/** Waits for one input. */
export interface InputWait {
  /** @throws the reason of the signal; for `out` and `tables`, what reading their progress throws. */
  until(wait: Wait, signal: AbortSignal): Promise<Handled>
}

export type WaitFor = (address: Address) => ActorWait

/** Creates a function that starts to wait for the inputs of an actor. */
export function createWaitFor({ decisions, partitionCount, dispatchedSeq, projectedSeq }: WaitDeps): WaitFor {
  const dispatched = new Map<number, LevelWait>()
  const projected = createLevelWait(projectedSeq)
  const dispatchedOf = (partition: number): LevelWait => {
    const level = dispatched.get(partition) ?? createLevelWait(() => dispatchedSeq(partition))
    dispatched.set(partition, level)
    return level
  }
  return (address) => {
    const partition = partitionOf(address, partitionCount)
    const following = decisions.follow(partition, address)
    return {
      stored(input, isNew) {
        const decided = following.decisionOn(input, isNew)
        return {
          async until(wait, signal) {
            const { logSeq, ...handled } = await unlessAborted(decided, signal)
            if (wait === 'out') await dispatchedOf(partition).reached(logSeq, signal)
            if (wait === 'tables') await projected.reached(logSeq, signal)
            return handled
          },
        }
      },
      stop: following.stop,
    }
  }
}
