import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { actorKey, type Address, logSubject, partitionOf } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { findRecord, lastRecord, type Placed } from '../jetstream/last-record.ts'
import type { ConnectionWatch } from './connection-health.ts'
import { HttpProblem } from './problems.ts'
import { ADDRESS_PATH, addressOf, type AddressParams } from './route-address.ts'

export interface ActorRouteDeps {
  readonly jetstream: JetStreamContext
  readonly partitionCount: number
  readonly connection: ConnectionWatch
}

const querySchema = z.strictObject({ at: z.coerce.number().int().min(1).optional() })

/** Adds `GET /v1/actors/<tenant>/<kind>/<id>[?at=n]`: the actor's state after its last record, or after record `n`. */
export function addActorRoute(app: FastifyInstance, { jetstream, partitionCount, connection }: ActorRouteDeps): void {
  app.get<{ Params: AddressParams }>(`/v1/actors/${ADDRESS_PATH}`, async (request) => {
    const address = addressOf(request.params)
    const query = querySchema.safeParse(request.query, IN_WORDS)
    if (!query.success) throw new HttpProblem('bad_query', zodProblem(query.error, ''))
    connection.requireConnection()
    const subject = logSubject(partitionOf(address, partitionCount), address)
    const last = await lastRecord(jetstream, subject)
    if (last === undefined) throw new HttpProblem('unknown_actor', `${actorKey(address)} has no record; check tenant, kind and id`)
    const { at } = query.data
    const found = at === undefined ? last : await findRecord(jetstream, subject, last, ({ n }) => n - at)
    if (found === undefined) {
      throw new HttpProblem('unknown_record', `${actorKey(address)} has records 1 to ${last.record.n}, not ${at}`)
    }
    return describe(address, found)
  })
}

/** The response body. `position` is the INBOX sequence of the input, which its producer got with the acknowledgement. */
const describe = ({ tenant, kind, id }: Address, { record }: Placed) => ({
  tenant,
  kind,
  id,
  n: record.n,
  state: record.to,
  status: record.status,
  machine: record.machine,
  context: record.state?.context ?? null,
  label: record.label,
  position: record.inbox.seq,
})
