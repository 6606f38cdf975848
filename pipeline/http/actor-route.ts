import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { zodProblem } from '../../schemas/envelope.ts'
import { actorKey, logSubject, partitionOf, type Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { ADDRESS_PATH, addressOf, type AddressParams } from './route-address.ts'
import type { ConnectionWatch } from './connection-health.ts'
import { HttpProblem } from './problems.ts'
import { findRecord, lastRecord, type Placed } from '../jetstream/last-record.ts'

export interface ActorRouteDeps {
  readonly jetstream: JetStreamContext
  readonly partitionCount: number
  readonly connection: ConnectionWatch
}

const querySchema = z.strictObject({ at: z.coerce.number().int().min(1).optional() })

/** `GET /v1/actors/<tenant>/<kind>/<id>[?at=n]`: the actor as its last record leaves it, or its record `n`. */
export function addActorRoute(app: FastifyInstance, { jetstream, partitionCount, connection }: ActorRouteDeps): void {
  app.get<{ Params: AddressParams }>(`/v1/actors/${ADDRESS_PATH}`, async (request) => {
    const address = addressOf(request.params)
    const query = querySchema.safeParse(request.query)
    if (!query.success) throw new HttpProblem('bad_query', zodProblem(query.error, ''))
    connection.demand()
    const subject = logSubject(partitionOf(address, partitionCount), address)
    const last = await lastRecord(jetstream, subject)
    if (last === undefined) throw new HttpProblem('unknown_actor', `there is no record of ${actorKey(address)}; check tenant, kind and id`)
    const { at } = query.data
    const found = at === undefined ? last : await findRecord(jetstream, subject, last, ({ n }) => n - at)
    if (found === undefined) {
      throw new HttpProblem('unknown_record', `${actorKey(address)} has records 1 to ${last.record.n}, not ${at}`)
    }
    return describe(address, found)
  })
}

/** `position` is the INBOX sequence of the input: what its producer was told. */
const describe = ({ tenant, kind, id }: Address, { record }: Placed) => ({
  tenant, kind, id,
  n: record.n,
  state: record.to,
  status: record.status,
  machine: record.machine,
  context: record.state?.context ?? null,
  label: record.label,
  position: record.inbox.seq,
})
