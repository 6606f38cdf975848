import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { queueOf } from '../../actors/kinds/desk/choosing.ts'
import { type DeskCase, EMPTY_DESK, storedDesk, unpacked } from '../../actors/kinds/desk/desk-state.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { actorsOfKind, lastRecord } from '../../pipeline/jetstream/last-record.ts'
import { cannedSet, caseReleased, caseWaiting, DESK_KIND, DESK_LIMITS, noteAdded, type SlaClock } from '../../schemas/desk-events.ts'
import { parseJson } from '../../schemas/json.ts'
import { actorSource, type Address, logSubject, parseActorSource, partitionOf } from '../../schemas/subjects.ts'
import { isoTime, queryRows, timeParam } from './console-query.ts'

const DESKS_MAX = 1_000
/** The newest notes about a case. */
const NOTES_MAX = 50

/** A case that a desk has. Times are milliseconds since 1970. */
export interface ListedCase extends Pick<DeskCase, 'held' | 'agent' | 'priority' | 'skill' | 'lang' | 'since' | 'at' | 'dueAt'> {
  /** Its actor, as kind/id. */
  readonly case: string
  readonly missed: readonly SlaClock[]
  /** Whether the customer waits for a reply of the agent who has it. */
  readonly waitsForReply: boolean
}
/** A desk now. */
export interface DeskView {
  /** When it was read, by the server's clock; milliseconds since 1970. */
  readonly now: number
  readonly agents: readonly { readonly name: string; readonly isOnline: boolean; readonly load: number; readonly capacity: number }[]
  /** Those that nobody has, in the order in which they are offered; then the others, the oldest first. */
  readonly cases: readonly ListedCase[]
}

/** The desks that have a record. */
export async function listDesks(jetstream: JetStreamContext): Promise<{ readonly tenant: string; readonly team: string }[]> {
  const desks = await actorsOfKind(jetstream, DESK_KIND)
  return desks.slice(0, DESKS_MAX).map(({ tenant, id }) => ({ tenant, team: id }))
}

/** Reads a desk from LOG: the answer includes every input that was decided. A desk without a record is empty. */
export async function readDesk(jetstream: JetStreamContext, address: Address, partitionCount: number): Promise<DeskView> {
  const last = await lastRecord(jetstream, logSubject(partitionOf(address, partitionCount), address))
  const desk = unpacked(storedDesk.parse(last?.record.state?.context ?? EMPTY_DESK))
  const held = desk.cases.filter((one) => one.held === 'assigned').toSorted((a, b) => a.since - b.since)
  const load = Map.groupBy(held, ({ agent }) => agent)
  return {
    now: Date.now(),
    agents: desk.agents.map(({ name, isOnline, capacity }) => ({ name, isOnline, capacity, load: load.get(name)?.length ?? 0 })),
    cases: [...queueOf(desk), ...held].map(listed),
  }
}

const listed = (one: DeskCase): ListedCase => {
  const { kind, id, held, agent, priority, skill, lang, since, at, dueAt, missed, isAnswered, askedAt } = one
  const waitsForReply = held === 'assigned' && (!isAnswered || askedAt !== null)
  return { case: `${kind}/${id}`, ...{ held, agent, priority, skill, lang, since, at, dueAt }, missed: [...missed], waitsForReply }
}

const askedSchema = caseWaiting.pick({ reason: true, summary: true, customer: true })
/** What a case said when it asked for a person. */
export type Asked = z.output<typeof askedSchema> & { readonly case: string }

/** What the open cases of a desk said when they asked last, from the tables. */
export async function readAsked(client: () => ClickHouseClient, address: Address, { cases }: DeskView): Promise<Asked[]> {
  if (cases.length === 0) return []
  const rows = await queryRows(
    client,
    z.object({ source: z.string(), data: z.string() }),
    `SELECT source, argMax(data_raw, seq) AS data FROM events
    WHERE tenant = {tenant:String} AND kind = {kind:String} AND actor = {id:String} AND type = 'case.waiting' AND idx = 0
      AND outcome = 'committed' AND committed_at >= {from:DateTime64(3, 'UTC')} AND source IN {sources:Array(String)}
    GROUP BY source LIMIT ${DESK_LIMITS.casesMax}`,
    {
      ...address,
      from: timeParam(new Date(Math.min(...cases.map(({ since }) => since))).toISOString()),
      sources: cases.map((one) => actorSource(addressOfCase(address.tenant, one.case))),
    },
  )
  return rows.flatMap(({ source, data }) => {
    const from = parseActorSource(source)
    const asked = askedSchema.safeParse(parseJson(data)).data
    return from === undefined || asked === undefined ? [] : [{ ...asked, case: `${from.kind}/${from.id}` }]
  })
}

/** A canned reply: its texts by language. */
export interface CannedReply {
  readonly name: string
  readonly texts: Readonly<Record<string, string>>
}

/** The canned replies of a team by their names, from the tables. */
export async function readCanned(client: () => ClickHouseClient, address: Address): Promise<CannedReply[]> {
  const rows = await queryRows(
    client,
    z.object({ data: z.string() }),
    `SELECT argMax(data_raw, seq) AS data FROM events
    WHERE tenant = {tenant:String} AND kind = {kind:String} AND actor = {id:String} AND type IN ('canned.set', 'canned.removed') AND idx = 0
      AND outcome = 'committed'
    GROUP BY JSONExtractString(data_raw, 'name') AS name HAVING argMax(type, seq) = 'canned.set'
    ORDER BY name LIMIT ${DESK_LIMITS.cannedMax}`,
    { ...address },
  )
  return rows.flatMap(({ data }) => cannedSet.safeParse(parseJson(data)).data ?? [])
}

/** The actor of a case: `ref` is kind/id. */
export function addressOfCase(tenant: string, ref: string): Address {
  const [kind = '', id = ''] = ref.split('/')
  return { tenant, kind, id }
}

/** What people wrote about a case for each other: a note, or a word with which it was returned or transferred. */
export interface CaseNote {
  readonly key: string
  readonly agent: string
  /** RFC 3339. */
  readonly at: string
  readonly text: string
}

/** Reads the notes about a case, oldest first. */
export async function readNotes(client: () => ClickHouseClient, address: Address): Promise<CaseNote[]> {
  const rows = await queryRows(
    client,
    z.object({ key: z.string(), at: z.string(), data: z.string() }),
    `SELECT toString(seq) AS key, ${isoTime('committed_at')} AS at, data_raw AS data FROM events
    WHERE tenant = {tenant:String} AND kind = {kind:String} AND actor = {id:String} AND idx = 0 AND outcome = 'committed'
      AND (type = 'note.added' OR type = 'case.released' AND (JSONHas(data_raw, 'note') OR JSONHas(data_raw, 'agreed')))
    ORDER BY seq DESC LIMIT ${NOTES_MAX}`,
    { ...address },
  )
  return rows.reverse().flatMap(({ key, at, data }) => {
    const note = noteSchema.safeParse(parseJson(data)).data
    return note === undefined ? [] : [{ key, at, ...note }]
  })
}

const noteSchema = z.union([
  noteAdded,
  caseReleased
    .pick({ agent: true, note: true, agreed: true })
    .transform(({ agent, note, agreed }) => ({ agent, text: note ?? agreed ?? '' })),
])
