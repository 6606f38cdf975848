import { setTimeout as delay } from 'node:timers/promises'
import { connect, headers, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'
import { z } from 'zod'
import { parseJson } from '../../schemas/json.ts'
import { createRandom, pick } from '../harness/random.ts'
import type { LedgerFile } from './producer-ledger.ts'
import { drawMessage, type ChaosMessage } from './chaos-messages.ts'

export interface ProducerOptions {
  readonly connection: NodeConnectionOptions
  readonly name: string
  readonly seed: number
  readonly ratePerSecond: number
  /** Actors that only this producer sends to; others hear of them by `tell`. */
  readonly actors: readonly string[]
  readonly allActors: readonly string[]
  readonly hasLabour: boolean
  readonly ledger: LedgerFile
}

/**
 * A producer as they should be: it sends what was not acknowledged again, under the same id, until it is; and now and then what was.
 * It has one message to an actor under way at a time, so that the order of an actor's inputs is known.
 */
export interface ChaosProducer {
  readonly sent: number
  readonly acknowledged: number
  /** Copies beyond the first of each message. */
  readonly repeated: number
  /** Sends nothing new; settles when all is acknowledged, or gives up after so many ms. */
  drain(timeoutMs: number): Promise<void>
  close(): Promise<void>
}

const UNDER_WAY_MAX = 500
const TICK_MS = 10
/** How long an acknowledgement is waited for, before the message is sent again; drawn anew each time. */
const TIMEOUT_MS = { from: 500, to: 3_000 }
const AGAIN_SHARE = 0.04
/** Beyond so many newer messages to the actor a repeat is not known by its id any more (LIMITS.seenIdsMax, and room for what others tell it). */
const AGAIN_WITHIN = 8
/** Some actors are busier than others. */
const HOT_SHARE = 0.1
const HOT_ACTORS = 3

const ackSchema = z.object({ seq: z.int().positive() })

interface Target {
  id: string
  busy: boolean
  sends: number
  generation: number
  /** Messages that are still sent to it after its end. */
  rest: number | undefined
}

export async function startProducer(options: ProducerOptions): Promise<ChaosProducer> {
  const { name, actors, allActors, hasLabour, ledger, ratePerSecond } = options
  const nc: NatsConnection = await connect({ ...options.connection, name, maxReconnectAttempts: -1, reconnectTimeWait: 100, reconnectJitter: 100 })
  const random = createRandom(options.seed)
  const targets: Target[] = actors.map((id) => ({ id, busy: false, sends: 0, generation: 0, rest: undefined }))
  const shape = { hasLabour, others: () => allActors[pick(random, allActors.length)] ?? '' }
  const stopping = new AbortController()
  const giveUp = new AbortController()
  let [sent, acknowledged, repeated, underWay] = [0, 0, 0, 0]

  /** One copy; the position, or `undefined` where nobody said. */
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
  const publishUntilAcknowledged = async (message: ChaosMessage, id: string, withMsgId: boolean): Promise<void> => {
    while (await publish(message, id, withMsgId) === undefined) {
      await delay(pick(random, 500))
      if (giveUp.signal.aborted) return
      ledger.write({ what: 'again', id })
      repeated += 1
    }
    acknowledged += 1
  }
  const send = async (target: Target): Promise<void> => {
    target.busy = true
    target.sends += 1
    underWay += 1
    const id = `${name}-${sent}`
    sent += 1
    const message = drawMessage(random, id, target.id, shape)
    const withMsgId = random() < 0.5
    const again = random() < AGAIN_SHARE ? pick(random, 2_000) : undefined
    ledger.write({
      what: 'sent', id, actor: message.actor, content: message.content, payload: message.payloadDigest,
      ...(message.rejected === undefined ? {} : { rejected: message.rejected }),
    })
    await publishUntilAcknowledged(message, id, withMsgId)
    underWay -= 1
    target.busy = false
    if (message.type === 'quit') target.rest ??= pick(random, 4)
    else if (target.rest !== undefined) target.rest -= 1
    if (again !== undefined) await repeat(target, message, id, again)
    if (target.rest !== undefined && target.rest <= 0 && !target.busy) renew(target)
  }
  /** What was acknowledged once more, as a producer does that lost its own memory. */
  const repeat = async (target: Target, message: ChaosMessage, id: string, afterMs: number): Promise<void> => {
    const { sends, generation } = target
    await delay(afterMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    if (target.busy || target.generation !== generation || target.sends - sends > AGAIN_WITHIN || stopping.signal.aborted) return
    target.busy = true
    underWay += 1
    ledger.write({ what: 'again', id })
    repeated += 1
    await publish(message, id, false)
    underWay -= 1
    target.busy = false
  }
  /** A new actor takes the place of one that has ended. */
  const renew = (target: Target): void => {
    target.generation += 1
    target.id = `${target.id.split('_')[0]}_${target.generation}`
    target.rest = undefined
    target.sends = 0
  }
  const choose = (): Target | undefined => {
    const target = targets[pick(random, random() < HOT_SHARE ? Math.min(HOT_ACTORS, targets.length) : targets.length)]
    return target?.busy === true ? undefined : target
  }

  const begunAt = performance.now()
  let missed = 0
  const timer = setInterval(() => {
    const due = (performance.now() - begunAt) / 1_000 * ratePerSecond
    while (sent + missed < due) {
      const target = underWay < UNDER_WAY_MAX ? choose() : undefined
      // What cannot be sent now is not made up for later: the rate stays steady, also after an outage.
      if (target === undefined) missed += 1
      else void send(target)
    }
  }, TICK_MS)

  return {
    get sent() { return sent },
    get acknowledged() { return acknowledged },
    get repeated() { return repeated },
    async drain(timeoutMs) {
      clearInterval(timer)
      stopping.abort()
      const deadline = performance.now() + timeoutMs
      while (underWay > 0) {
        if (performance.now() > deadline) giveUp.abort()
        await delay(20)
      }
    },
    async close() {
      clearInterval(timer)
      await nc.close()
    },
  }
}
