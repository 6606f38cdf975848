import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { TakeInputs } from '../../pipeline/http/input-route.ts'
import { readJsonBody } from '../../pipeline/http/json-body.ts'
import { inputOf } from '../../pipeline/http/request-inputs.ts'
import { requireSameOrigin } from '../../pipeline/http/session-cookie.ts'
import { whenDisconnected } from '../../pipeline/http/wait-places.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import type { Sender } from '../../pipeline/producer/input-sender.ts'
import { DATA, readQuery } from './console-query.ts'
import {
  articleBody,
  draftQuery,
  type GapDeps,
  gapsQuery,
  learnArticle,
  readDraft,
  readGaps,
  readSources,
  sourcesQuery,
} from './knowledge-gaps.ts'

const BODY_BYTES_MAX = 131_072
/** How long each part of an article is waited for, so that the page can show its source. */
const LEARNED_MS_MAX = 10_000

export interface KnowledgeRouteDeps extends Omit<GapDeps, 'now'> {
  readonly jetstream: JetStreamContext
  readonly takeInputs: TakeInputs
  /** Who asks. */
  readonly actingOf: (request: FastifyRequest) => string
}

/** Adds the data of the page "Knowledge". An article that a person approves is an upload, whose attribute `by` names the person. */
export function addKnowledgeRoutes(app: FastifyInstance, { jetstream, takeInputs, actingOf, ...deps }: KnowledgeRouteDeps): void {
  const { client } = deps
  app.get(`${DATA}knowledge/sources`, async ({ query }) => ({ sources: await readSources(client, readQuery(sourcesQuery, query)) }))
  app.get(`${DATA}knowledge/gaps`, async ({ query }) => readGaps({ ...deps, now: Date.now }, readQuery(gapsQuery, query)))
  app.get(`${DATA}knowledge/draft`, async ({ query }) => readDraft(client, readQuery(draftQuery, query)))
  app.post<{ Body: Buffer | undefined }>(`${DATA}knowledge/learn`, { bodyLimit: BODY_BYTES_MAX }, async (request, reply) => {
    requireSameOrigin(request)
    const article = readJsonBody(request.body, articleBody, { tenant: 'acme', title: '退货', text: '14 天内可以退货。' })
    const waiting = { wait: 'tables', timeoutMs: LEARNED_MS_MAX, disconnected: whenDisconnected(reply) } as const
    const by = actingOf(request)
    const sender: Sender = {
      async send(address, input) {
        const { body } = await takeInputs(address, inputOf({ ...input, by }), waiting)
        return { position: Number(body['position']), duplicate: body['outcome'] === 'repeat' }
      },
      close: () => Promise.resolve(),
    }
    return learnArticle(jetstream.nc, sender, article)
  })
}
