import type { Logger } from 'pino'
import { type Address, logSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import type { LogTail } from '../jetstream/log-tail.ts'
import { type ActorWaiters, createActorWaiters, type FollowedTenant, type Waiter } from './actor-waiters.ts'
import { createDecisionQuestions, type NewestDecision } from './decision-questions.ts'
import { type Decision, decisionIn, type StoredInput } from './find-decision.ts'

/**
 * Tells everybody in this process who waits for a decision. The reader of LOG's end is held while somebody waits. LOG is asked only for
 * what it does not show: repeats, which leave no record, inputs that were stored before, and records that passed while the reader was
 * interrupted or too far behind.
 */
export interface DecisionFeed {
  /** Follows an actor. Call it before an input is published. */
  follow(partition: number, address: Address): Following
  stop(): void
}

export interface Following {
  /**
   * Waits for the decision about an input.
   *
   * @param isNew false if it may have been stored before the following began
   * @returns a promise that never rejects; it stays pending after `stop`
   */
  decisionOn(input: StoredInput, isNew: boolean): Promise<Decision>
  stop(): void
}

export interface DecisionFeedDeps {
  readonly jetstream: JetStreamContext
  /** The reader of LOG. Its owner stops it. */
  readonly tail: LogTail
  readonly log: Logger
}

export function createDecisionFeed({ jetstream, tail, log }: DecisionFeedDeps): DecisionFeed {
  const followed = new Map<string, ActorWaiters>()
  const tenants = new Map<string, FollowedTenant>()
  let newest: NewestDecision = { position: 0, atMs: 0 }
  const questions = createDecisionQuestions({ jetstream, followed, run: () => tail.run, newest: () => newest, log })

  tail.listen({
    started() {
      // Who followed before the run began may have missed a record.
      for (const actor of followed.values()) actor.isUrgent = true
      questions.askSoon()
    },
    message(message, parse) {
      const actor = followed.get(message.subject)
      const { run } = tail
      if (actor === undefined || run === undefined) return
      const { seq, record } = parse(message)
      if (record === undefined) return
      newest = { position: Math.max(newest.position, record.inbox.seq), atMs: performance.now() }
      actor.tell(record.inbox.seq, decisionIn(record, seq), run)
      if (actor.isUrgent) questions.askSoon()
      else if (actor.waiting.size > 0) questions.askLater(actor)
    },
  })

  const followActor = (subject: string, name: string): ActorWaiters => {
    const tenant = tenants.get(name) ?? { name, actors: 0 }
    tenant.actors += 1
    tenants.set(name, tenant)
    const actor = createActorWaiters(tenant)
    followed.set(subject, actor)
    return actor
  }

  return {
    follow(partition, address) {
      const subject = logSubject(partition, address)
      const actor = followed.get(subject) ?? followActor(subject, address.tenant)
      actor.followers += 1
      const release = tail.hold()
      const since = tail.run
      const own = new Set<Waiter>()
      return {
        decisionOn: (input, isNew) =>
          new Promise((resolve) => {
            const waiter: Waiter = { input, run: isNew && since === tail.run ? since : undefined, settle: resolve }
            own.add(waiter)
            if (actor.waiting.size === 0) questions.askLater(actor)
            actor.add(waiter)
            if (actor.isUrgent) questions.askSoon()
          }),
        stop() {
          release()
          for (const waiter of own) actor.waiting.delete(waiter)
          actor.followers -= 1
          if (actor.followers > 0) return
          followed.delete(subject)
          actor.tenant.actors -= 1
          if (actor.tenant.actors === 0) tenants.delete(address.tenant)
        },
      }
    },
    stop: questions.stop,
  }
}
