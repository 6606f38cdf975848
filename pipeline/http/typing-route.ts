import type { NatsConnection } from '@nats-io/transport-node'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { type LiveMessage, liveTyping } from '../../schemas/live-messages.ts'
import { actorKey, type Address, liveSubject } from '../../schemas/subjects.ts'
import type { ConnectionWatch } from './connection-health.ts'
import { addRoute, type DescribedRoute, type RouteTypes } from './described-route.ts'
import { readJsonBody } from './json-body.ts'
import { ADDRESS_PATH, addressOf, type AddressParams, addressParams } from './route-address.ts'

/** How long somebody is said to write, unless it is told again. */
const TYPING_MS = 6_000
/** One name is told once in this time; so are at most `ACTOR_MAX` names of a conversation, and `TENANT_MAX` of a tenant. */
const WINDOW_MS = 2_000
const ACTOR_MAX = 8
const TENANT_MAX = 1_000
/** Names, conversations and tenants that are counted in a window; beyond, nothing is told until the next one. */
const COUNTED_MAX = 50_000

const requestSchema = liveTyping.pick({ who: true, role: true })
const EXAMPLE = { who: '李敏', role: 'agent' } as const

export const TYPING_ROUTE = {
  method: 'POST',
  path: `/v1/typing/${ADDRESS_PATH}`,
  name: 'tellTyping',
  may: 'publish',
  summary: 'Tells the readers of a conversation that somebody is writing',
  description: 'Nothing is recorded. Readers of its stream get `typing`, which ends by itself. One name is told once in 2 s.',
  params: addressParams,
  body: { schema: requestSchema, example: EXAMPLE },
  answers: {
    202: {
      description: 'Taken',
      schema: z.object({
        told: z.boolean().meta({ description: 'False: it was told a moment ago, or too many write; tell it again in 2 s' }),
        forMs: z.int().meta({ description: 'Milliseconds until it is over' }),
      }),
    },
  },
  problems: ['bad_subject', 'bad_query', 'nats_unavailable'],
} as const satisfies DescribedRoute

/** Adds `POST /v1/typing/<tenant>/<kind>/<id>`, body `{who, role}`: published on `live.<tenant>.<kind>.<id>`, and not recorded. */
export function addTypingRoute(app: FastifyInstance, nc: Pick<NatsConnection, 'publish'>, connection: ConnectionWatch): void {
  const mayTell = createTypingLimit(Date.now)
  addRoute<RouteTypes & { Params: AddressParams }>(app, TYPING_ROUTE, async ({ params, body }, reply) => {
    const address = addressOf(params)
    const { who, role } = readJsonBody(body, requestSchema, EXAMPLE)
    connection.requireConnection()
    const told = mayTell(address, `${role}/${who}`)
    if (told) {
      const message: LiveMessage = { event: 'typing', who, role, forMs: TYPING_MS }
      nc.publish(liveSubject(address), JSON.stringify(message))
    }
    return reply.status(202).send({ told, forMs: TYPING_MS })
  })
}

/**
 * Counts in windows of `WINDOW_MS`. No tenant takes the room of another before `COUNTED_MAX` is reached.
 *
 * @param now milliseconds since 1970
 */
export function createTypingLimit(now: () => number): (address: Address, name: string) => boolean {
  const counts = new Map<string, number>()
  let begun = 0
  return (address, name) => {
    const at = now()
    if (Math.abs(at - begun) >= WINDOW_MS) {
      begun = at
      counts.clear()
    }
    const actor = actorKey(address)
    const limits = [
      [`${actor}/${name}`, 1],
      [actor, ACTOR_MAX],
      [address.tenant, TENANT_MAX],
    ] as const
    if (counts.size >= COUNTED_MAX || limits.some(([key, max]) => (counts.get(key) ?? 0) >= max)) return false
    for (const [key] of limits) counts.set(key, (counts.get(key) ?? 0) + 1)
    return true
  }
}
