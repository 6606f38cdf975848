import { setTimeout as delay } from 'node:timers/promises'
import { AuthorizationError, connect, createInbox, errors, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'
import { z } from 'zod'
import { isServerAway } from '../../pipeline/runtime/server-away.ts'
import { messageOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'

/** Whether clients without credentials are kept from the streams. */
export interface NatsProtection {
  /** `null`: the probe could not tell. */
  readonly protected: boolean | null
  /** The code of what is wrong, for programs. */
  readonly code: 'nats_not_protected' | 'nats_protection_unknown' | null
  readonly detail: string
}

const PROBE_MS = 2_000
/** How long the probe listens, and how often it is sent something meanwhile. */
const HEARING_MS = 200
const TRIES = 4

const streamSchema = z.object({ created: z.string() })

/**
 * Tries to reach the streams as a client without credentials, and writes nothing. A client gets through if it is in the account of the
 * streams, whatever its permissions: the server publishes its answers to any reply subject, so that a client which may only publish inputs
 * can write into LOG. A client of another account gets through if that account imports JetStream's API.
 *
 * @param connection how Colloquy's own processes connect
 * @param own such a connection
 */
export async function probeProtection(connection: NodeConnectionOptions, own: NatsConnection): Promise<NatsProtection> {
  const { user: _user, pass: _pass, token: _token, authenticator: _authenticator, tls, ...open } = connection
  const trusted = tls === undefined || tls === null ? {} : { tls: { caFile: tls.caFile } }
  let probe: NatsConnection
  try {
    probe = await connect({ ...open, ...trusted, name: 'colloquy probe', reconnect: false, timeout: PROBE_MS })
  } catch (error) {
    if (error instanceof AuthorizationError) return isProtected('clients without credentials are refused')
    // The same server says one or the other: it depends on how far the connection came.
    const why = isServerAway(error) ? 'the server refused or closed the connection' : messageOf(error)
    return unknown(`the probe could not connect (${why})`)
  }
  try {
    if (await hears(probe, own)) return notProtected('clients without credentials are in the account of the streams')
    const [ownLog, log] = [await createdOf(own), await createdOf(probe)]
    if (log !== undefined && log === ownLog) return notProtected("clients without credentials reach JetStream's API of the streams")
    return isProtected('clients without credentials do not reach the streams')
  } catch (error) {
    return unknown(`the probe had no answer (${messageOf(error)})`)
  } finally {
    await probe.close()
  }
}

const isProtected = (detail: string): NatsProtection => ({ protected: true, code: null, detail })
const notProtected = (detail: string): NatsProtection => ({ protected: false, code: 'nats_not_protected', detail })
const unknown = (detail: string): NatsProtection => ({ protected: null, code: 'nats_protection_unknown', detail })

/** Whether both are in one account: a message to an inbox of the probe reaches it only there. */
async function hears(probe: NatsConnection, own: NatsConnection): Promise<boolean> {
  const inbox = createInbox()
  let heard = false
  probe.subscribe(inbox, {
    max: 1,
    callback: (error) => {
      heard = error === null
    },
  })
  await probe.flush()
  // In a cluster the subscription reaches the other servers a little later.
  for (let waitedMs = 0; waitedMs < HEARING_MS && !heard; waitedMs += HEARING_MS / TRIES) {
    own.publish(inbox)
    await own.flush()
    await probe.flush()
    if (!heard) await delay(HEARING_MS / TRIES)
  }
  return heard
}

const createdOf = async (nc: NatsConnection): Promise<string | undefined> =>
  streamSchema.safeParse(await ask(nc, '$JS.API.STREAM.INFO.LOG')).data?.created

/** The answer; `undefined` if the client may not ask, or if nobody is there to answer. @throws if it is unknown whether */
async function ask(nc: NatsConnection, subject: string): Promise<unknown> {
  try {
    return parseJson((await nc.request(subject, '', { timeout: PROBE_MS })).string())
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

/** The client wraps some of its errors in others. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error
  && (error instanceof errors.PermissionViolationError || error instanceof errors.NoRespondersError || isRefusal(error.cause))
