import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { z } from 'zod'
import { createHostCheck } from '../../pipeline/http/host-check.ts'
import { readJsonBody } from '../../pipeline/http/json-body.ts'
import { HttpProblem, tablesUnavailable } from '../../pipeline/http/problems.ts'
import { ADDRESS_PATH, addressOf, type AddressParams } from '../../pipeline/http/route-address.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { listActors, type ListedActor } from '../reporting/actor-list.ts'
import { type History, HISTORY_MAX, readHistory } from '../web/actor-history.ts'
import { createDrawer, type DrawnKind } from '../web/drawn-kinds.ts'
import { addPageFiles } from '../web/page-files.ts'
import { type Counts, createCounts } from './actor-counts.ts'
import type { Reloader, ReloadStatus } from './reloader.ts'

export const PAGE_PATH = '/dev/'

export interface DevRouteDeps {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  /** Throws while ClickHouse is waited for. */
  readonly client: () => ClickHouseClient
  /** Resolves when the reloader runs. It starts after these routes. */
  readonly reloader: Promise<Reloader>
  readonly partitionCount: number
  readonly log: Logger
  readonly now: () => number
}

/** The page reads it twice a second. */
export interface DevState {
  readonly reload: Omit<ReloadStatus, 'kinds'> & { readonly kinds: readonly string[] }
  /** `null` while ClickHouse gives no answer. */
  readonly counts: Counts | null
}
/** The kinds of one generation. */
export interface DevKinds {
  readonly generation: number
  readonly kinds: readonly DrawnKind[]
}
export interface DevActors {
  readonly actors: readonly ListedActor[]
}

/** All that is wrong with the data of an input, each problem beginning with the path of its field. */
export interface DevProblems {
  /** `null` where the process of the kinds cannot tell now. */
  readonly problems: readonly string[] | null
}

const STARTING: ReloadStatus = { phase: 'starting', since: '', generation: 0, kinds: [], tookMs: null, problem: null, changed: [] }
const TEXT_CHARS_MAX = 260

const actorsQuery = z.strictObject({
  kind: z.string().max(TEXT_CHARS_MAX),
  state: z
    .string()
    .max(TEXT_CHARS_MAX * 16)
    .default(''),
  text: z.string().max(TEXT_CHARS_MAX).default(''),
})
/** Actors on the page. */
const ACTORS_MAX = 50
const historyQuery = z.strictObject({
  from: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(HISTORY_MAX).default(HISTORY_MAX),
})

const checkBody = z.object({ kind: z.string(), type: z.string(), data: z.record(z.string(), z.unknown()) })
const CHECK_EXAMPLE = { kind: 'order', type: 'order.placed', data: {} }

/** Serves the page and its data. Also refuses every request to the HTTP interface whose host name is not this machine's. */
export function addDevRoutes(app: FastifyInstance, { jetstream, kv, client, log, now, partitionCount, ...deps }: DevRouteDeps): void {
  let reloader: Reloader | undefined
  void deps.reloader.then((running) => {
    reloader = running
  })
  const status = (): ReloadStatus => reloader?.status() ?? STARTING
  const counts = createCounts(client, now)
  const draw = createDrawer(log)

  const checkHost = createHostCheck()
  app.addHook('onRequest', async (request) => checkHost(request.headers.host))
  addPageFiles(app, PAGE_PATH, new URL('page/', import.meta.url))
  app.get(PAGE_PATH.slice(0, -1), { config: { isPublic: true } }, async (_request, reply) => reply.redirect(PAGE_PATH))

  app.get(`${PAGE_PATH}state`, async (): Promise<DevState> => {
    const { kinds, ...reload } = status()
    return {
      reload: { ...reload, kinds: kinds.map(({ name }) => name) },
      counts: await counts().catch((error: unknown) => {
        log.debug({ err: error }, 'actors could not be counted; the page shows no counts')
        return null
      }),
    }
  })

  app.get(`${PAGE_PATH}kinds`, async (): Promise<DevKinds> => {
    const { generation, kinds } = status()
    return { generation, kinds: draw(kinds) }
  })

  app.get(`${PAGE_PATH}actors`, async (request): Promise<DevActors> => {
    const query = read(actorsQuery, request.query)
    try {
      return { actors: await listActors(client(), { ...query, limit: ACTORS_MAX }) }
    } catch (cause) {
      throw tablesUnavailable(cause)
    }
  })

  app.post<{ Body: Buffer | undefined }>(`${PAGE_PATH}problems`, async ({ body }): Promise<DevProblems> => {
    const { kind, ...input } = readJsonBody(body, checkBody, CHECK_EXAMPLE)
    return { problems: (await reloader?.check(kind, input)) ?? null }
  })

  app.get<{ Params: AddressParams }>(`${PAGE_PATH}history/${ADDRESS_PATH}`, async (request): Promise<History> =>
    readHistory({ jetstream, kv, partitionCount }, addressOf(request.params), read(historyQuery, request.query)),
  )
}

function read<Schema extends z.ZodType>(schema: Schema, query: unknown): z.output<Schema> {
  const result = schema.safeParse(query, IN_WORDS)
  if (!result.success) throw new HttpProblem('bad_query', zodProblem(result.error, ''))
  return result.data
}
