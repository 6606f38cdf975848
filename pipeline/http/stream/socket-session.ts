import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { parseJson } from '../../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'
import { type ClientFrame, clientFrameSchema, CLOSE_REASONS, frameRefSchema, placeOf } from '../../../schemas/stream-events.ts'
import { actorKey } from '../../../schemas/subjects.ts'
import type { Principal } from '../../access/principal.ts'
import type { FairPlaces } from '../../runtime/fair-places.ts'
import type { ActorFeed, Following } from '../../streams/actor-feed.ts'
import type { FeedSink } from '../../streams/followed-stream.ts'
import { type TakeInputs, WAIT_MS_DEFAULT } from '../input-route.ts'
import { asProblem, HttpProblem, RETRY_AFTER } from '../problems.ts'
import { requireAccess } from '../request-access.ts'
import { inputOf } from '../request-inputs.ts'
import { addressOf } from '../route-address.ts'
import type { EndReason, Outlet, Outlets, Wire } from './outlets.ts'
import type { SocketAccess } from './socket-access.ts'
import { answerText, closedText, eventText, gapText, liveText, problemText, type Ref, subscribedText } from './socket-frames.ts'
import { busyRetryMs, RETRY_MS, takePlace } from './sse-response.ts'

export interface SocketDeps {
  readonly feed: ActorFeed
  readonly outlets: Outlets
  readonly takeInputs: TakeInputs
  readonly access: SocketAccess
  /** Bytes of inputs that wait to be stored, shared with requests. */
  readonly bodies: FairPlaces
}

/** Subscriptions of one socket. */
const SUBSCRIPTIONS_MAX = 64
/** Inputs of one socket that are being stored or waited for. */
const PUBLISHES_MAX = 64
/** Time to send the key. */
const TOKEN_MS_MAX = 5_000
/** How long a client that is closed may take to answer. */
const CLOSE_MS_MAX = 2_000
/** Close codes of WebSockets (RFC 6455, 7.4): going away, policy violation, try again later. */
const CODES: Readonly<Partial<Record<EndReason, number>>> = { closing: 1001, refused: 1008, slow: 1013 }

const NO_JSON = 'a frame must be a JSON object with one of "subscribe", "unsubscribe", "publish" and "token"'

interface Subscription {
  readonly tenant: string
  following: Following | undefined
}

/**
 * Serves one WebSocket: a client subscribes to actors and publishes inputs. Inputs are stored in the order of their frames.
 *
 * @param client the address of the client
 * @param opener who opened it; absent: its first frame must have a key
 * @returns closes the socket
 */
export function serveSocket(deps: SocketDeps, ws: WebSocket, socket: Duplex, client: string, opener: Principal | undefined): void {
  const { feed, outlets, takeInputs, access, bodies } = deps
  const subscriptions = new Map<string, Subscription>()
  const disconnected = new AbortController()
  let end: EndReason | undefined
  let sender: Promise<Principal | undefined> | undefined = opener && Promise.resolve(opener)
  let stopEnd: (() => void) | undefined
  let isAlive = true
  let publishes = 0
  let stored: Promise<unknown> = Promise.resolve()

  const wire: Wire = {
    transport: 'ws',
    buffered: () => socket.writableLength,
    heartbeat() {
      if (!isAlive) return wire.close('silent')
      isAlive = false
      ws.ping()
    },
    onRoom() {
      for (const { following } of subscriptions.values()) following?.ready()
    },
    close(reason) {
      if (end !== undefined) return
      const named = CLOSE_REASONS.find((known) => known === reason)
      if (named !== undefined) ws.send(closedText(undefined, { reason: named, retryMs: RETRY_MS }))
      end = reason
      outlet.ended(reason)
      ws.close(CODES[reason] ?? 1000, reason)
      setTimeout(() => ws.terminate(), CLOSE_MS_MAX).unref()
    },
  }
  const outlet: Outlet = outlets.open(wire)
  const send = (text: string, events = 0): void => {
    if (end !== undefined) return
    ws.send(text)
    outlet.wrote(events)
  }
  const late = opener === undefined ? setTimeout(() => wire.close('refused'), TOKEN_MS_MAX) : undefined
  const endWith = (principal: Principal): void => {
    stopEnd?.()
    stopEnd = end === undefined ? access.onEnd(principal, () => wire.close('refused')) : undefined
  }
  if (opener !== undefined) endWith(opener)

  const unsubscribe = (actor: string): void => {
    const subscription = subscriptions.get(actor)
    if (subscription === undefined) return
    subscriptions.delete(actor)
    subscription.following?.stop()
    outlets.places.release(subscription.tenant)
  }
  const subscribe = (
    { after, types, ...given }: Extract<ClientFrame, { subscribe: object }>['subscribe'],
    ref: Ref,
    principal: Principal,
  ): void => {
    const address = addressOf(given)
    requireAccess(principal, 'read', address)
    const actor = actorKey(address)
    if (subscriptions.size >= SUBSCRIPTIONS_MAX && !subscriptions.has(actor)) {
      const detail = `a socket has at most ${SUBSCRIPTIONS_MAX} subscriptions; end one, or open another socket`
      throw new HttpProblem('too_many_streams', detail, { headers: RETRY_AFTER })
    }
    unsubscribe(actor)
    takePlace(outlets, address.tenant)
    const subscription: Subscription = { tenant: address.tenant, following: undefined }
    subscriptions.set(actor, subscription)
    const sink: FeedSink = {
      opened: (id) => send(subscribedText(actor, id, ref)),
      hasRoom: outlet.hasRoom,
      take(events) {
        for (const event of events) if (types === undefined || types.has(event.type)) send(eventText(actor, event), 1)
      },
      gap: (gap, id) => send(gapText(actor, gap, id)),
      live(event) {
        if (outlet.isIdle() && types?.has(event.type) !== false) send(liveText(actor, event))
      },
      busy() {
        unsubscribe(actor)
        send(closedText(actor, { reason: 'busy', retryMs: busyRetryMs() }))
      },
    }
    const following = feed.follow(address, after === undefined ? undefined : placeOf(after), sink)
    if (subscriptions.get(actor) === subscription) subscription.following = following
    else following.stop()
  }
  const publish = async (
    { input, wait, timeoutMs = WAIT_MS_DEFAULT, ...given }: Extract<ClientFrame, { publish: object }>['publish'],
    bytes: number,
    ref: Ref,
    principal: Principal,
  ): Promise<void> => {
    const address = addressOf(given)
    requireAccess(principal, 'publish', address)
    if (publishes >= PUBLISHES_MAX || !bodies.acquire(client, bytes)) {
      throw new HttpProblem('overloaded', 'too many inputs are being stored, and nothing was stored; publish it again later', {
        headers: RETRY_AFTER,
      })
    }
    publishes += 1
    const { promise: isStored, resolve: onAllStored } = Promise.withResolvers<void>()
    const before = stored
    stored = isStored
    try {
      await before
      const { body } = await takeInputs(address, inputOf(input), { wait, timeoutMs, disconnected: disconnected.signal, onAllStored })
      send(answerText('receipt', body, ref))
    } finally {
      onAllStored()
      publishes -= 1
      bodies.release(client, bytes)
    }
  }
  const authorize = async (key: string, ref: Ref): Promise<void> => {
    // Frames behind this one wait for it.
    sender = access.holderOf(key)
    const holder = await sender
    if (holder === undefined) return wire.close('refused')
    clearTimeout(late)
    endWith(holder)
    send(answerText('authorized', {}, ref))
  }
  const take = async (text: string): Promise<void> => {
    const given = parseJson(text)
    const { data: frame, error } = clientFrameSchema.safeParse(given, IN_WORDS)
    const { ref } = frameRefSchema.safeParse(given).data ?? {}
    try {
      if (frame !== undefined && 'token' in frame) return await authorize(frame.token, ref)
      const principal = await sender
      if (principal === undefined) return wire.close('refused')
      if (given === undefined) throw new HttpProblem('bad_frame', NO_JSON)
      if (frame === undefined) throw new HttpProblem('bad_frame', error === undefined ? 'no frame' : zodProblem(error, ''))
      if ('subscribe' in frame) subscribe(frame.subscribe, ref, principal)
      else if ('publish' in frame) await publish(frame.publish, text.length, ref, principal)
      else {
        const actor = actorKey(addressOf(frame.unsubscribe))
        unsubscribe(actor)
        send(answerText('unsubscribed', { actor }, ref))
      }
    } catch (error) {
      send(problemText(asProblem(error), ref))
    }
  }

  ws.on('message', (data: Buffer, isBinary) => {
    if (isBinary) return send(problemText(new HttpProblem('bad_frame', 'frames must be text'), undefined))
    void take(data.toString('utf8'))
  })
  ws.on('pong', () => (isAlive = true))
  // Its reason is in the code of the close; a client that breaks the protocol is closed by the library.
  ws.on('error', () => undefined)
  socket.on('drain', outlet.drained)
  ws.once('close', () => {
    clearTimeout(late)
    stopEnd?.()
    disconnected.abort()
    for (const actor of [...subscriptions.keys()]) unsubscribe(actor)
    outlet.ended(end ?? 'client')
  })
}
