import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { type Case, recordSchema } from '../../schemas/record.ts'
import { actorKey, type Address, logSubject, partitionOf } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { lastRecord, type Placed } from '../jetstream/last-record.ts'
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
})

export const ACTOR_ROUTE = {
  method: 'GET',
  path: `/v1/actors/${ADDRESS_PATH}`,
  name: 'getActor',
  summary: "An actor's state after its last record, or after record `at`",
  params: addressParams,
  query: querySchema,
  headers: ifNoneMatch,
  answers: { 200: { description: 'The state', schema: answerSchema, headers: ETAG_HEADERS }, 304: NOT_MODIFIED },
  problems: ['bad_subject', 'bad_query', 'unknown_actor', 'unknown_record', 'nats_unavailable'],
} as const satisfies DescribedRoute

/** Adds `GET /v1/actors/<tenant>/<kind>/<id>[?at=n]`: the actor's state after its last record, or after record `n`. */
export function addActorRoute(app: FastifyInstance, { jetstream, partitionCount, connection, positions }: ActorRouteDeps): void {
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
    return withEtag(request, reply, describe(address, found))
  })
}

const describe = ({ tenant, kind, id }: Address, { record }: Placed): z.output<typeof answerSchema> => ({
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
})

const parentOf = (parent: Case['parent']): z.output<typeof answerSchema>['parent'] =>
  parent === undefined ? null : { kind: parent.kind, id: parent.id, child: parent.child }
