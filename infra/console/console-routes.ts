import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { z } from 'zod'
import { readJsonBody } from '../../pipeline/http/json-body.ts'
import { HttpProblem } from '../../pipeline/http/problems.ts'
import { ADDRESS_PATH, addressOf, type AddressParams } from '../../pipeline/http/route-address.ts'
import { requireSameOrigin } from '../../pipeline/http/session-cookie.ts'
import { caseRefSchema, DESK_KIND } from '../../schemas/desk-events.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { MoreRoutes } from '../app/launch.ts'
import { textVectorsOn } from '../app/text-vectors.ts'
import type { EffectiveSetting, Settings } from '../settings.ts'
import { HISTORY_MAX, readHistory } from '../web/actor-history.ts'
import { createDrawer, type DrawnKind } from '../web/drawn-kinds.ts'
import type { KindView } from '../web/kind-view.ts'
import { addPageFiles, addSharedFiles } from '../web/page-files.ts'
import { DATA, readQuery as read, sharedReading } from './console-query.ts'
import { amongBody, listQuery, previewBody, readChoices, readConversations, readPreviews } from './conversation-list.ts'
import { deadQuery, readDeadLetters, readPayload, RESOLVE_EXAMPLE, resolveBody, resolveChosen } from './dead-letter-actions.ts'
import { createDeskStreams } from './desk-stream.ts'
import { addressOfCase, listDesks, readAsked, readCanned, readDesk, readNotes } from './desk-view.ts'
import { addKnowledgeRoutes } from './knowledge-routes.ts'
import { readKeyFigures, readOverview } from './overview.ts'
import { addQualityRoutes } from './quality-routes.ts'
import { addSessionRoutes } from './session-routes.ts'
import { messageQuery, readTalk, readTasks, readText, talkQuery } from './talk.ts'

/** Where the files of the console are; its page is at `/`. */
const FILES = '/console/'

export interface ConsoleOptions {
  readonly settings: Settings
  /** The settings as `colloquy config` prints them, secrets masked. */
  readonly effective: readonly EffectiveSetting[]
  /** A kind that this process knows, for its statechart. */
  readonly kindView: (name: string) => KindView | undefined
  readonly log: Logger
}

/** Who acts where nobody has given a name. */
const NOBODY = 'console'

const historyQuery = z.strictObject({
  from: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(HISTORY_MAX).default(HISTORY_MAX),
})
const tenantQuery = z.strictObject({ tenant: z.string().min(1).max(128) })
const followQuery = z.strictObject({ case: caseRefSchema.optional() })
const numberQuery = z.strictObject({ seq: z.coerce.number().int().min(1) })

/** Serves the console at `/`, and its data. All but its files and the sign-in need the token or a session. */
export const consoleRoutes =
  ({ settings, effective, kindView, log }: ConsoleOptions): MoreRoutes =>
  (app, { jetstream, kv, client, takeInputs, access }) => {
    const { sessions } = access
    const actingOf = (request: FastifyRequest): string => sessions.of(request)?.by ?? NOBODY
    addSharedFiles(app)
    addPageFiles(app, FILES, new URL('page/', import.meta.url), '/')
    addSessionRoutes(app, access)

    const onFailure = (error: unknown): void => log.debug({ err: error }, 'a part of the overview could not be read')
    const overview = sharedReading(
      () => readOverview({ jetstream, client, settings, onFailure }),
      () => performance.now(),
    )
    const choices = sharedReading(
      () => readChoices(client),
      () => performance.now(),
    )
    const draw = createDrawer(log)

    app.get(`${DATA}overview`, overview)
    app.get(`${DATA}figures`, async ({ query }) => readKeyFigures(client(), read(tenantQuery, query).tenant, Date.now()))
    app.get(`${DATA}choices`, choices)
    app.get(`${DATA}conversations`, async ({ query }) => readConversations(client, read(listQuery, query)))
    // Questions, and no changes: their lists are too long for an address.
    app.post<{ Body: Buffer | undefined }>(`${DATA}conversations/among`, async ({ body }) => {
      const { keys, ...filter } = readJsonBody(body, amongBody, { keys: ['acme/support/a1'] })
      const { conversations } = await readConversations(client, { ...filter, before: undefined, limit: keys.length }, keys)
      return { keys: conversations.map(({ tenant, kind, id }) => `${tenant}/${kind}/${id}`) }
    })
    app.post<{ Body: Buffer | undefined }>(`${DATA}previews`, async ({ body }) => ({
      previews: await readPreviews(client, readJsonBody(body, previewBody, { keys: ['acme/support/a1'] }).keys),
    }))
    app.get<Addressed>(`${DATA}talk/${ADDRESS_PATH}`, async ({ params, query }) =>
      readTalk(client, addressOf(params), read(talkQuery, query)),
    )
    app.get<Addressed>(`${DATA}text/${ADDRESS_PATH}`, async ({ params, query }) => {
      const text = await readText(client, addressOf(params), read(messageQuery, query))
      if (text === undefined) throw new HttpProblem('unknown_record', 'the tables have no such message')
      return { text }
    })
    app.get<Addressed>(`${DATA}tasks/${ADDRESS_PATH}`, async ({ params }) => ({ tasks: await readTasks(client, addressOf(params)) }))
    app.get<Addressed>(`${DATA}history/${ADDRESS_PATH}`, async ({ params, query }) =>
      readHistory({ jetstream, kv, partitionCount: settings.PARTITIONS }, addressOf(params), read(historyQuery, query)),
    )
    app.get<{ Params: { kind: string } }>(`${DATA}kind/:kind`, async ({ params }): Promise<{ kind: DrawnKind | null }> => {
      const view = kindView(params.kind)
      return { kind: view === undefined ? null : (draw([view])[0] ?? null) }
    })
    const followDesk = createDeskStreams(app, jetstream, log)
    app.get(`${DATA}desks`, async () => ({ desks: await listDesks(jetstream) }))
    app.get<OfDesk>(`${DATA}desk/:tenant/:id`, async ({ params }) => readDesk(jetstream, deskOf(params), settings.PARTITIONS))
    app.get<OfDesk>(`${DATA}desk/:tenant/:id/asked`, async ({ params }) => {
      const address = deskOf(params)
      return { asked: await readAsked(client, address, await readDesk(jetstream, address, settings.PARTITIONS)) }
    })
    app.get<OfDesk>(`${DATA}desk/:tenant/:id/canned`, async ({ params }) => ({ replies: await readCanned(client, deskOf(params)) }))
    app.get<OfDesk>(`${DATA}desk/:tenant/:id/follow`, async (request, reply) => {
      const desk = deskOf(request.params)
      const { case: ref } = read(followQuery, request.query)
      return followDesk(request, reply, { desk, talk: ref === undefined ? undefined : addressOfCase(desk.tenant, ref) })
    })
    app.get<Addressed>(`${DATA}notes/${ADDRESS_PATH}`, async ({ params }) => ({ notes: await readNotes(client, addressOf(params)) }))
    app.get(`${DATA}dead`, async ({ query }) => readDeadLetters(jetstream, read(deadQuery, query)))
    app.get(`${DATA}dead/payload`, async ({ query }) => readPayload(jetstream, read(numberQuery, query).seq))
    app.post<{ Body: Buffer | undefined }>(`${DATA}dead/resolve`, async (request) => {
      requireSameOrigin(request)
      return resolveChosen(jetstream, readJsonBody(request.body, resolveBody, RESOLVE_EXAMPLE), actingOf(request))
    })
    addQualityRoutes(app, { jetstream, client, takeInputs, actingOf })
    addKnowledgeRoutes(app, {
      ...{ jetstream, client, takeInputs, actingOf },
      vectorsOf: (tenant, keys) => textVectorsOn({ settings, kv, client }, tenant, keys),
      onFailure: (error) => log.debug({ err: error }, 'unanswered questions are not grouped by their meaning'),
    })
    app.get(`${DATA}settings`, async () => ({ settings: effective }))
  }

interface Addressed {
  Params: AddressParams
}
interface OfDesk {
  Params: Omit<AddressParams, 'kind'>
}

const deskOf = (params: OfDesk['Params']): Address => addressOf({ ...params, kind: DESK_KIND })
