import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { z } from 'zod'
import { livePlace } from '../../schemas/live-messages.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { type Case, recordSchema } from '../../schemas/record.ts'
import { actorKey, type Address, logSubject, partitionOf } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { lastRecord, type Placed } from '../jetstream/last-record.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { queueName } from '../task-queues/measured-runs.ts'
import type { QueuePlaces } from '../task-queues/queue-places.ts'
import type { ConnectionWatch } from './connection-health.ts'
import { addRoute, type DescribedRoute, type RouteTypes } from './described-route.ts'
import { ETAG_HEADERS, ifNoneMatch, NOT_MODIFIED, withEtag } from './entity-tag.ts'
import { HttpProblem } from './problems.ts'
import { numberedRecord, type RecordPositions } from './record-positions.ts'
import { ADDRESS_PATH, addressOf, type AddressParams, addressParams } from './route-address.ts'

export interface ActorRouteDeps {
  readonly jetstream: JetStreamContext
  readonly partitionCount: number
  readonly connection: ConnectionWatch
  /** Absent: each numbered record is searched for. */
  readonly positions?: RecordPositions | undefined
  /** Absent: no places are told. */
  readonly queuePlaces?: QueuePlaces | undefined
  readonly log: Logger
}

const querySchema = z.strictObject({
  at: z.coerce.number().int().min(1).optional().meta({ description: 'Number of a record, from 1. Default: the last one' }),
})

const answerSchema = z.object({
  ...addressParams.shape,
  n: z.int().positive().meta({ description: 'Number of the record' }),
  state: z.string().meta({ description: 'Active leaf states, dotted; parallel ones sorted and joined by +' }),
  status: recordSchema.shape.status,
  machine: z.string().meta({ description: '<kind>@<version>; empty where the kind is unknown' }),
  context: z.record(z.string(), z.unknown()).nullable(),
  label: z.record(z.string(), z.unknown()),
  parent: z
    .object({ kind: z.string(), id: z.string(), child: z.string().meta({ description: 'Its name in that actor' }) })
    .nullable()
    .meta({ description: 'The actor of the same tenant that started it as its child; null where none did' }),
  children: z
    .array(z.object({ kind: z.string(), id: z.string(), child: z.string() }))
    .meta({ description: 'Its running children, oldest first' }),
  position: z.int().meta({ description: 'INBOX sequence of the input, which its producer got with the acknowledgement' }),
  queue: z
    .array(livePlace.omit({ event: true }))
    .optional()
    .meta({ description: 'Where its pending tasks are in their queues now; without those whose kind tells no places. Absent: none' }),
})
type ActorAnswer = z.output<typeof answerSchema>

/** Pending tasks of one actor whose places are told. */
const QUEUE_MAX = 8

export const ACTOR_ROUTE = {
  method: 'GET',
  path: `/v1/actors/${ADDRESS_PATH}`,
  name: 'getActor',
  may: 'read',
  summary: "An actor's state after its last record, or after record `at`",
  params: addressParams,
  query: querySchema,
  headers: ifNoneMatch,
  answers: { 200: { description: 'The state', schema: answerSchema, headers: ETAG_HEADERS }, 304: NOT_MODIFIED },
  problems: ['bad_subject', 'bad_query', 'unknown_actor', 'unknown_record', 'nats_unavailable'],
} as const satisfies DescribedRoute

/** Adds `GET /v1/actors/<tenant>/<kind>/<id>[?at=n]`: the actor's state after its last record, or after record `n`. */
export function addActorRoute(
  app: FastifyInstance,
  { jetstream, partitionCount, connection, positions, queuePlaces, log }: ActorRouteDeps,
): void {
  addRoute<RouteTypes & { Params: AddressParams }>(app, ACTOR_ROUTE, async (request, reply) => {
    const address = addressOf(request.params)
    const query = querySchema.safeParse(request.query, IN_WORDS)
    if (!query.success) throw new HttpProblem('bad_query', zodProblem(query.error, ''))
    connection.requireConnection()
    const subject = logSubject(partitionOf(address, partitionCount), address)
    const last = await lastRecord(jetstream, subject)
    if (last === undefined) throw new HttpProblem('unknown_actor', `${actorKey(address)} has no record; check tenant, kind and id`)
    const { at } = query.data
    const found = at === undefined ? last : await numberedRecord(jetstream, { address, subject, last, at }, positions)
    if (found === undefined) {
      throw new HttpProblem('unknown_record', `${actorKey(address)} has records 1 to ${last.record.n}, not ${at}`)
    }
    const queue = found === last && queuePlaces !== undefined ? await placesOf({ queuePlaces, log }, address, last) : []
    return withEtag(request, reply, describe(address, found, queue))
  })
}

/** A place that cannot be told is left out: the state of an actor does not depend on it. */
async function placesOf(
  { queuePlaces, log }: { readonly queuePlaces: QueuePlaces; readonly log: Logger },
  address: Address,
  { record }: Placed,
): Promise<NonNullable<ActorAnswer['queue']>> {
  const tasks = [...new Set(Object.values(record.state?.tasks ?? {}).map(({ task }) => task))].slice(0, QUEUE_MAX)
  const placeOf = async (task: string): Promise<NonNullable<ActorAnswer['queue']>> => {
    if ((await queuePlaces.timesOf(queueName(task, address.kind))) === 'untold') return []
    const { place, expectedMs } = await queuePlaces.of(address, task)
    return [{ task, queuePlace: place, expectedMs }]
  }
  const warn = (err: unknown): [] => {
    rateLimitedWarn(log, { err, actor: actorKey(address) }, 'the place of a task in its queue could not be read')
    return []
  }
  return (await Promise.all(tasks.map((task) => placeOf(task).catch(warn)))).flat()
}

const describe = ({ tenant, kind, id }: Address, { record }: Placed, queue: NonNullable<ActorAnswer['queue']>): ActorAnswer => ({
  tenant,
  kind,
  id,
  n: record.n,
  state: record.to,
  status: record.status,
  machine: record.machine,
  context: record.state?.context ?? null,
  label: record.label,
  parent: parentOf(record.case.parent),
  children: Object.values(record.state?.children ?? {}).map(({ kind: childKind, actor, child }) => ({ kind: childKind, id: actor, child })),
  position: record.inbox.seq,
  ...(queue.length > 0 && { queue }),
})

const parentOf = (parent: Case['parent']): z.output<typeof answerSchema>['parent'] =>
  parent === undefined ? null : { kind: parent.kind, id: parent.id, child: parent.child }
