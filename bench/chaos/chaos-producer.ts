import { setTimeout as delay } from 'node:timers/promises'
import { connect, headers, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'
import { z } from 'zod'
import { parseJson } from '../../schemas/json.ts'
import type { Address } from '../../schemas/subjects.ts'
import { createRandom, pick } from '../harness/random.ts'
import { type Application, drawApplicationMessage } from './applications/applications.ts'
import { addressOf, type ChaosMessage, type Choice, drawMessage } from './chaos-messages.ts'
import type { LedgerFile } from './producer-ledger.ts'

export interface ProducerOptions {
  readonly connection: NodeConnectionOptions
  readonly name: string
  readonly seed: number
  readonly ratePerSecond: number
  /** Actors to which only this producer sends; other actors reach them with `forward`. */
  readonly actors: readonly string[]
  readonly allActors: readonly string[]
  /** Actors of applications to which only this producer sends. */
  readonly applicationActors: readonly (readonly [id: string, application: Application])[]
  /** Share of the messages that go to these. */
  readonly applicationsShare: number
  readonly hasLongWork: boolean
  readonly ledger: LedgerFile
}

/**
 * A correct producer. It resends a message under the same id until it gets an acknowledgement, and sometimes resends an acknowledged one.
 * It has at most one message per actor in flight, so that the checker knows the order of an actor's inputs.
 */
export interface ChaosProducer {
  readonly sent: number
  readonly acknowledged: number
  /** Number of resent copies. */
  readonly repeated: number
  /** Sends a message of this type next, under the same care as the others. */
  inject(choice: Choice): void
  /** Draws one of its actors. */
  drawActor(random: () => number): Address
  /** Stops sending new messages. Resolves when all sent messages are acknowledged, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>
  close(): Promise<void>
}

const IN_FLIGHT_MAX = 500
const TICK_MS = 10
/** How long the producer waits for an acknowledgement before it resends the message. It draws a value for each attempt. */
const TIMEOUT_MS = { from: 500, to: 3_000 }
const RESEND_SHARE = 0.04
/** Share of the messages of which a first copy asks for its acknowledgement under a foreign subject. */
const FOREIGN_REPLY_SHARE = 0.01
/** Subjects of streams that only Colloquy may write to. */
const FOREIGN_REPLIES = ['log.0.evil.support.x', 'task.evil.chaos.chaos.x', 'timer.chaos.chaos.x', 'act.chaos.chaos.x', 'int.chaos.chaos.x']
/**
 * Max newer messages to an actor before a resend. After more, the actor may have forgotten the id (LIMITS.seenIdsMax, minus a margin for
 * forwarded messages).
 */
const RESEND_WITHIN = 8
/** Share of the messages that go to a few hot actors. */
const HOT_SHARE = 0.1
const HOT_ACTORS = 3

const ackSchema = z.object({ seq: z.int().positive() })

interface Target {
  id: string
  /** `undefined`: the chaos kind. */
  readonly application: Application | undefined
  busy: boolean
  sends: number
  generation: number
  /** Number of messages that the actor still gets after its end; `undefined` before its end. */
  remaining: number | undefined
}

export async function startProducer(options: ProducerOptions): Promise<ChaosProducer> {
  const { name, actors, allActors, hasLongWork, ledger, ratePerSecond } = options
  const nc: NatsConnection = await connect({
    ...options.connection,
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitter: 100,
  })
  const random = createRandom(options.seed)
  const targetOf = (id: string, application?: Application): Target => ({
    id,
    application,
    busy: false,
    sends: 0,
    generation: 0,
    remaining: undefined,
  })
  const targets = actors.map((id) => targetOf(id))
  const applicationTargets = options.applicationActors.map(([id, application]) => targetOf(id, application))
  const context = { hasLongWork, others: () => allActors[pick(random, allActors.length)] ?? '' }
  const injected: Choice[] = []
  const stopping = new AbortController()
  const givingUp = new AbortController()
  let [sent, acknowledged, repeated, inFlight] = [0, 0, 0, 0]

  /** Sends one copy. @returns its INBOX position, or `undefined` without an acknowledgement */
  const publish = async (message: ChaosMessage, id: string, withMsgId: boolean): Promise<number | undefined> => {
    const head = headers()
    if (withMsgId || message.needsMsgId) head.set('Nats-Msg-Id', id)
    const timeout = TIMEOUT_MS.from + pick(random, TIMEOUT_MS.to - TIMEOUT_MS.from)
    try {
      const reply = await nc.request(message.subject, message.payload, { timeout, headers: head })
      const ack = ackSchema.safeParse(parseJson(reply.string()))
      if (!ack.success) return undefined
      ledger.write({ what: 'acknowledged', id, position: ack.data.seq })
      return ack.data.seq
    } catch {
      return undefined
    }
  }
  /** Sends a copy whose acknowledgement the server would store in a stream, if it let producers name such a subject. */
  const publishWithForeignReply = (message: ChaosMessage, id: string): void => {
    const head = headers()
    if (message.needsMsgId) head.set('Nats-Msg-Id', id)
    ledger.write({ what: 'again', id })
    repeated += 1
    nc.publish(message.subject, message.payload, { headers: head, reply: FOREIGN_REPLIES[pick(random, FOREIGN_REPLIES.length)] ?? '' })
  }
  const publishUntilAcknowledged = async (message: ChaosMessage, id: string, withMsgId: boolean): Promise<void> => {
    while ((await publish(message, id, withMsgId)) === undefined) {
      await delay(pick(random, 500))
      if (givingUp.signal.aborted) return
      ledger.write({ what: 'again', id })
      repeated += 1
    }
    acknowledged += 1
  }
  const send = async (target: Target): Promise<void> => {
    target.busy = true
    target.sends += 1
    inFlight += 1
    const id = `${name}-${sent}`
    sent += 1
    const message =
      target.application === undefined
        ? drawMessage(random, id, target.id, context, injected.shift())
        : drawApplicationMessage(target.application, random, { id, actorId: target.id, sends: target.sends - 1 })
    const withMsgId = random() < 0.5
    const resendAfterMs = random() < RESEND_SHARE ? pick(random, 2_000) : undefined
    ledger.write({
      what: 'sent',
      id,
      actor: message.actor,
      content: message.content,
      payload: message.payloadDigest,
      ...(message.rejected === undefined ? {} : { rejected: message.rejected }),
    })
    if (random() < FOREIGN_REPLY_SHARE) publishWithForeignReply(message, id)
    await publishUntilAcknowledged(message, id, withMsgId)
    inFlight -= 1
    target.busy = false
    if (message.type === 'quit') target.remaining ??= pick(random, 4)
    else if (target.remaining !== undefined) target.remaining -= 1
    else if (target.sends === target.application?.sendsMax) target.remaining = 0
    if (resendAfterMs !== undefined) await resend(target, message, id, resendAfterMs)
    if (target.remaining !== undefined && target.remaining <= 0 && !target.busy) replaceActor(target)
  }
  /** Resends an acknowledged message, like a producer that restarted without its state. */
  const resend = async (target: Target, message: ChaosMessage, id: string, afterMs: number): Promise<void> => {
    const { sends, generation } = target
    await delay(afterMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    if (target.busy || target.generation !== generation || target.sends - sends > RESEND_WITHIN || stopping.signal.aborted) return
    target.busy = true
    inFlight += 1
    ledger.write({ what: 'again', id })
    repeated += 1
    await publish(message, id, false)
    inFlight -= 1
    target.busy = false
  }
  /** Replaces an ended actor by a new one. */
  const replaceActor = (target: Target): void => {
    target.generation += 1
    target.id = `${target.id.split('_')[0]}_${target.generation}`
    target.remaining = undefined
    target.sends = 0
  }
  const choose = (): Target | undefined => {
    if (applicationTargets.length > 0 && random() < options.applicationsShare) {
      const target = applicationTargets[pick(random, applicationTargets.length)]
      return target?.busy === true ? undefined : target
    }
    const target = targets[pick(random, random() < HOT_SHARE ? Math.min(HOT_ACTORS, targets.length) : targets.length)]
    return target?.busy === true ? undefined : target
  }

  const startedAtMs = performance.now()
  let missed = 0
  const timer = setInterval(() => {
    const due = ((performance.now() - startedAtMs) / 1_000) * ratePerSecond
    while (sent + missed < due) {
      const target = inFlight < IN_FLIGHT_MAX ? choose() : undefined
      // A message that cannot be sent now is skipped, so that the rate stays constant after an outage.
      if (target === undefined) missed += 1
      else void send(target)
    }
  }, TICK_MS)

  return {
    get sent() {
      return sent
    },
    get acknowledged() {
      return acknowledged
    },
    get repeated() {
      return repeated
    },
    inject: (choice) => void injected.push(choice),
    drawActor: (draw) => addressOf(targets[pick(draw, targets.length)]?.id ?? ''),
    async drain(timeoutMs) {
      clearInterval(timer)
      stopping.abort()
      const deadline = performance.now() + timeoutMs
      while (inFlight > 0) {
        if (performance.now() > deadline) givingUp.abort()
        await delay(20)
      }
    },
    async close() {
      clearInterval(timer)
      await nc.close()
    },
  }
}
